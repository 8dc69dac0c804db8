"""The student that ships says what the trained one said, in any file format, and says what it costs."""

import base64
import gzip
import io
import json
import os
import re
import shutil
import zipfile
import zlib
from dataclasses import replace

import numpy as np
import onnx
import pandas as pd
import pytest
import torch
from debian import why_missing
from pictures_by_hand import COLOUR, png
from PIL import Image
from project import ROOT, SMOKE, snakemake
from torch import nn

from skinkd import grid
from skinkd.calibration import expected_calibration_error, fit_temperature
from skinkd.config import check_config, read_config
from skinkd.dataset import Part, predict_logits
from skinkd.deploy import candidates
from skinkd.deploy.asked import pictures_asked
from skinkd.deploy.choosing import choose
from skinkd.deploy.chosen import ABOUT, CARD, INT8, NETWORK, ONNX
from skinkd.deploy.command import main
from skinkd.deploy.evaluating import evaluate_both, subgroups
from skinkd.deploy.onnx_model import LARGEST_DIFFERENCE, OPSET, OnnxModel, check_parity, export
from skinkd.deploy.packaged import PackagedNetwork
from skinkd.deploy.quantising import drawn_rows, quantise
from skinkd.deploy.records import read_record_of
from skinkd.deploy.timing import time_in_turns
from skinkd.device import choose_device
from skinkd.errors import InputError
from skinkd.formats import signed_points
from skinkd.grad_cam import class_maps
from skinkd.metrics import softmax
from skinkd.networks import build_network
from skinkd.predictions import Predictions, read_predictions
from skinkd.study import BASE, open_study

STUDY = open_study(read_config(BASE, SMOKE))
STATISTICS = {"resamples": 50, "confidence": 0.95, "seed": 0}
NETWORKS = [("dsnet", {}, 2), ("mobilenet_v2", {"width": 0.35}, 8)]
SIZE_PX = 32


def packaged_of(name, parameters, pictures, steps=20):
    """A network that has learned to tell pictures apart, packaged at temperature 1.7."""
    torch.manual_seed(0)
    network = build_network(name, len(pictures.classes), SIZE_PX, parameters).train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.3
    part = part_of(pictures)
    batch = part.batch(torch.arange(len(part)))
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(batch), part.labels).backward()
        optimizer.step()
    return PackagedNetwork(network, SIZE_PX, 1.7)


def part_of(pictures):
    return Part(
        pictures.array, pictures.split, pictures.classes, augmentation="identity", view_seed=0, device="cpu"
    )


@pytest.fixture(scope="module", params=NETWORKS, ids=lambda network: network[0])
def shipped(request, packed, tmp_path_factory):
    """A packaged network, its ONNX file and pictures."""
    name, parameters, classes = request.param
    packaged = packaged_of(name, parameters, packed(classes))
    path = tmp_path_factory.mktemp("onnx") / ONNX
    path.write_bytes(export(packaged, SIZE_PX))
    return packaged, path, packed(classes)


def test_the_exported_network_says_what_torch_says_of_real_pictures(shipped):
    packaged, path, pictures = shipped
    device = choose_device("cpu", "float32", 1)
    expected = predict_logits(packaged.network, part_of(pictures), device).double().numpy()
    rows = pictures.split["row"].to_numpy()
    parity = check_parity(packaged, OnnxModel(path), pictures.array, rows, expected)
    assert expected.std(axis=0).min() > 1e-2
    assert parity["images"] == len(rows)
    assert set(parity["largest_difference"]) == {"logit", "probabilities", "class_maps"}
    assert parity["largest_difference"]["logit"] < LARGEST_DIFFERENCE
    assert parity["largest_difference"]["probabilities"] < LARGEST_DIFFERENCE


def test_an_exported_network_that_says_something_else_is_refused(shipped):
    packaged, path, pictures = shipped
    rows = pictures.split["row"].to_numpy()
    model = OnnxModel(path)
    expected = model.logits(pictures.array, rows)
    expected[-1, 0] += 2 * LARGEST_DIFFERENCE
    with pytest.raises(
        InputError, match=r"of up to .*, differ from torch's by up to 0\.0002; less than 0\.0001"
    ):
        check_parity(packaged, model, pictures.array, rows, expected)


def test_the_preprocessing_inside_is_that_of_training(shipped):
    packaged, _, pictures = shipped
    part = part_of(pictures)
    inside = packaged.normalised(torch.from_numpy(pictures.array))
    torch.testing.assert_close(inside, part.batch(torch.arange(len(part))), rtol=0, atol=1e-6)


def test_probabilities_are_those_of_the_logits_at_the_temperature(shipped):
    _, path, pictures = shipped
    said = OnnxModel(path).run(pictures.array[:5])
    expected = softmax(said["logits"].astype(float) / 1.7)
    np.testing.assert_allclose(said["probabilities"], expected, atol=1e-6)
    assert OnnxModel(path).probabilities(pictures.array[:1]).shape == (1, len(pictures.classes))


def test_the_maps_inside_are_grad_cam(shipped):
    packaged, path, pictures = shipped
    maps = OnnxModel(path).run(pictures.array[:4])["class_maps"]
    normalised = packaged.normalised(torch.from_numpy(pictures.array[:4]))
    for index in range(len(pictures.classes)):
        expected = class_maps(packaged.network, normalised, torch.full((4,), index))
        np.testing.assert_allclose(maps[:, index], expected.numpy(), atol=1e-3)
    assert maps.max() == pytest.approx(1, abs=1e-6)


def test_behind_a_network_whose_maps_weigh_otherwise_in_each_picture_there_are_none(packed):
    packaged = packaged_of("dsc", {"width": 0.25}, packed(3), steps=1)
    assert packaged.outputs == ("probabilities", "logits")
    assert OnnxModel(export(packaged, SIZE_PX)).outputs == packaged.outputs


@pytest.fixture(scope="module")
def in_eight_bits(shipped, tmp_path_factory):
    _, path, pictures = shipped
    int8 = tmp_path_factory.mktemp("int8") / INT8
    int8.write_bytes(quantise(path, pictures.array, drawn_rows(pictures.split["row"].to_numpy(), 32, 0)))
    return int8


def test_both_files_run_where_only_the_standards_operators_are_known(shipped, in_eight_bits):
    for path in (shipped[1], in_eight_bits):
        model = onnx.load(path)
        onnx.checker.check_model(model)
        assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}
        assert {entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")} == {OPSET}
        (given,) = model.graph.input
        assert given.type.tensor_type.elem_type == onnx.TensorProto.UINT8
        assert str(ROOT).encode() not in path.read_bytes()


def test_eight_bits_are_smaller_and_have_a_scale_for_each_channel(shipped, in_eight_bits):
    path = shipped[1]
    assert os.path.getsize(in_eight_bits) < 0.6 * os.path.getsize(path)
    model = onnx.load(in_eight_bits)
    values = {each.name: each for each in model.graph.initializer}
    maker = {name: node for node in model.graph.node for name in node.output}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    scales = [maker[node.input[1]] for node in convolutions if node.input[1] in maker]
    assert len(scales) == len(convolutions) - 1  # the one of the maps, behind the logits, stays as it is
    for node in scales:
        weights, scale = (values[name] for name in node.input[:2])
        assert weights.data_type == onnx.TensorProto.INT8
        assert list(scale.dims) == [weights.dims[0]]


def test_eight_bits_still_tell_the_pictures_apart(shipped, in_eight_bits):
    _, path, pictures = shipped
    rows = pictures.split["row"].to_numpy()
    whole, quantised = (OnnxModel(each).logits(pictures.array, rows) for each in (path, in_eight_bits))
    assert not np.array_equal(whole, quantised)
    assert np.mean(whole.argmax(axis=1) == quantised.argmax(axis=1)) > 0.9
    assert np.corrcoef(whole.ravel(), quantised.ravel())[0, 1] > 0.95
    assert len(np.unique(quantised)) > 0.9 * quantised.size


def run_of(logits, labels, parts="test", arm="student", fold=0, seed=0):
    """Predictions of pictures that are a lesion each."""
    n, classes = logits.shape
    names = np.array([f"I{index:04d}" for index in range(n)], dtype=object)
    return Predictions(
        *("paper", "leak_free", arm, fold, seed, tuple(f"C{index}" for index in range(classes))),
        images=names,
        lesions=names,
        parts=np.array([parts] * n if isinstance(parts, str) else parts, dtype=object),
        labels=labels,
        logits=logits,
    )


def noisy(n=400, classes=3, strength=1.0, seed=0):
    """Labels, and logits that know something of them."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=n)
    return labels, generator.normal(size=(n, classes)) + strength * np.eye(classes)[labels]


def test_what_eight_bits_cost_is_a_paired_difference():
    labels, logits = noisy()
    worse = np.where(np.arange(400)[:, None] < 40, -logits, logits)
    record = evaluate_both(run_of(logits, labels), run_of(worse, labels), STATISTICS)
    value = {
        kind: next(m["value"] for m in records if (m["metric"], m["class"]) == ("balanced_accuracy", ""))
        for kind, records in (
            ("float32", record["metrics"]),
            ("int8", record["int8"]["metrics"]),
            ("loss", record["int8"]["differences"]),
        )
    }
    assert value["loss"] == pytest.approx(value["int8"] - value["float32"])
    assert value["loss"] < -0.01
    same = evaluate_both(run_of(logits, labels), run_of(logits, labels), STATISTICS)["int8"]
    assert same["same_class"] == 1
    assert {(each["value"], each["low"], each["high"]) for each in same["differences"]} == {(0.0, 0.0, 0.0)}


def test_the_temperature_is_the_one_that_the_logits_were_heated_by():
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (20000, 4))
    labels = np.array([generator.choice(4, p=row) for row in softmax(logits)])
    assert fit_temperature(3 * logits, labels) == pytest.approx(3, rel=0.05)
    assert fit_temperature(3 * logits + 7, labels) == pytest.approx(fit_temperature(3 * logits, labels))
    assert expected_calibration_error(softmax(logits), labels) < 0.02
    assert expected_calibration_error(softmax(3 * logits), labels) > 0.1


def test_no_temperature_near_the_fitted_one_is_better():
    labels, logits = noisy(strength=2.0)
    fitted = fit_temperature(logits, labels)
    loss = [
        -np.log(softmax(logits / t)[np.arange(400), labels]).mean()
        for t in fitted * np.array([1, 0.97, 1.03])
    ]
    assert loss[0] < min(loss[1:])


def test_a_student_that_is_always_right_or_knows_nothing_gets_a_temperature_too():
    labels = np.arange(30) % 3
    assert 0.01 <= fit_temperature(np.eye(3)[labels], labels) < 0.05
    assert fit_temperature(-np.eye(3)[labels], labels) == pytest.approx(100, rel=1e-3)


def test_the_calibration_error_is_the_gap_between_promise_and_truth():
    labels = np.arange(100) % 2
    assert expected_calibration_error(np.tile([0.9, 0.1], (100, 1)), labels) == pytest.approx(0.4, abs=0.02)
    assert expected_calibration_error(np.eye(2)[labels], labels) == 0


def test_the_best_by_validation_ships_whatever_the_test_part_says():
    labels, good = noisy(strength=2.0)
    _, poor = noisy(strength=0.5)
    parts = np.array(["validation", "test"] * 200)
    is_test = (parts == "test")[:, None]
    runs = [
        run_of(np.where(is_test, poor, good), labels, parts, "better", fold=0),
        run_of(np.where(is_test, good, poor), labels, parts, "worse", fold=0),
        run_of(np.where(is_test, poor, 2 * np.eye(3)[labels]), labels, parts, "better", fold=1),
        run_of(np.where(is_test, good, poor), labels, parts, "worse", fold=1),
    ]
    record = choose(runs)
    assert [one["arm"] for one in record["candidates"]] == ["better", "worse"]
    assert (record["chosen"]["arm"], record["chosen"]["fold"]) == ("better", 1)
    assert record["chosen"]["balanced_accuracy"] == 1
    flipped = [replace(run, logits=np.where(is_test, -run.logits, run.logits)) for run in runs]
    assert choose(flipped) == record


def test_no_teacher_and_no_control_may_ship_and_the_task_is_the_rules():
    demo = open_study(read_config(BASE))
    assert candidates.task_of(demo) == ("ssd_kd", "leak_free")
    assert {run.arm for run in candidates.candidates(demo)} == {"mobilenet_v2", "blkd"}
    assert candidates.task_of(STUDY) == ("ssd_kd", "leak_free")


def test_a_study_without_a_student_has_nothing_to_ship():
    config = read_config(BASE, SMOKE)
    lists = {paper: {key: [] for key in protocols} for paper, protocols in config["arms"].items()}
    lists["ssd_kd"]["as_published"] = ["resnet50"]
    study = open_study(config | {"papers": ["ssd_kd"], "arms": lists, "leak_injection": {}})
    with pytest.raises(InputError, match="trains no student"):
        candidates.task_of(study)


def test_subgroups_of_the_student_are_those_of_every_arm():
    labels, logits = noisy(100)
    run = run_of(logits, labels)
    table = pd.DataFrame({"image": run.images, "sex": ["female"] * 80 + ["male"] * 15 + [""] * 5})
    found = subgroups(run, table, "demo", STATISTICS)
    shown = {one["group"]: one["accuracy"]["value"] for one in found["groups"] if one["by"] == "sex"}
    expected = (logits[:80].argmax(axis=1) == labels[:80]).mean()
    assert shown == {"female": pytest.approx(expected), "male": None, "unknown": None}
    assert {one["group"] for one in found["groups"] if one["by"] == "source"} == {"demo"}


def test_networks_take_turns():
    said = []
    times = time_in_turns({name: lambda name=name: said.append(name) for name in "ab"}, turns=5, repeats=2)
    assert "".join(said) == ("a" * 5 + "b" * 5) * 5
    assert all(len(one["turns_p50_ms"]) == 5 and 0 < one["p50_ms"] <= one["p95_ms"] for one in times.values())


@pytest.fixture(scope="module")
def deployed(smoke_run, tmp_path_factory):
    """A finished run whose student was deployed."""
    project = tmp_path_factory.mktemp("deployed") / "project"
    shutil.copytree(smoke_run[1], project, symlinks=True)
    run = snakemake(project, "deploy")
    assert run.returncode == 0, run.stdout[-6000:]
    assert "rule train:" not in run.stdout
    return project


def record_of(project, name):
    return read_record_of(project / f"results/deploy/{name}.json")


def test_a_deployment_is_whole_and_says_where_it_comes_from(deployed):
    folder = deployed / "results/deploy/model"
    assert {path.name for path in folder.iterdir()} == {ONNX, INT8, NETWORK, ABOUT, CARD}
    parity = record_of(deployed, "export")["parity"]
    assert parity["images"] > 100
    assert parity["largest_difference"]["logit"] < LARGEST_DIFFERENCE
    sizes = record_of(deployed, "quantisation")["bytes"]
    assert sizes == {"float32": os.path.getsize(folder / ONNX), "int8": os.path.getsize(folder / INT8)}
    for name in ("choice", "export", "quantisation", "evaluation", "latency", "model/model"):
        provenance = record_of(deployed, name)["provenance"]
        assert {"commit", "source_sha256", "lock_sha256", "versions", "hardware", "files"} <= set(provenance)
        assert provenance["versions"]["onnxruntime"]


def test_the_latency_table_has_every_network_of_the_study_once(deployed):
    record = record_of(deployed, "latency")
    assert record["turns"] >= 5
    trained = {"/".join(run.cell) for run in grid.trainings(STUDY)}
    listed = [arm for row in record["networks"] for arm in row["arms"]]
    assert sorted(listed) == sorted(trained)
    assert {role for row in record["networks"] for role in row["roles"]} == {
        "teacher",
        "student",
        "distilled",
    }
    assert [row["precision"] for row in record["networks"] if row["shipped"]] == ["float32", "int8"]
    assert all(row["bytes"] > 0 and 0 < row["p50_ms"] <= row["p95_ms"] for row in record["networks"])


def test_the_shipped_file_says_what_its_run_said_and_its_scores_are_those_of_its_logits(deployed):
    chosen = record_of(deployed, "choice")["chosen"]
    place = "{paper}/{protocol}/{arm}/fold{fold}-seed{seed}".format_map(chosen)
    said = read_predictions(deployed / f"results/predictions/{place}.csv").part("test")
    rows = pd.read_csv(deployed / "results/ingest/demo/images.csv").reset_index().set_index("image")["index"]
    array = np.load(deployed / "results/ingest/demo/images.npy")
    model = OnnxModel(deployed / "results/deploy/model" / ONNX)
    logits = model.logits(array, rows.loc[list(said.images)].to_numpy())
    # The run may have been computed in bfloat16.
    np.testing.assert_allclose(logits, said.logits, atol=0.02 * np.abs(said.logits).max())
    found = record_of(deployed, "evaluation")
    expected = evaluate_both(replace(said, logits=logits), replace(said, logits=logits), STATISTICS)[
        "metrics"
    ]
    assert [each["value"] for each in found["metrics"]] == pytest.approx(
        [each["value"] for each in expected], abs=1e-6, nan_ok=True
    )


def test_the_card_says_what_was_measured(deployed):
    card = (deployed / "results/deploy/model" / CARD).read_text(encoding="utf-8")
    evaluation, about = record_of(deployed, "evaluation"), record_of(deployed, "model/model")
    assert "Not a medical device" in card
    assert "drawn by a program" in card
    assert f"Logits are divided by {about['temperature']:.4f}" in card
    accuracy = next(m for m in evaluation["metrics"] if m["metric"] == "accuracy")
    assert f"| Accuracy | {accuracy['value']:.3f} [{accuracy['low']:.3f}, {accuracy['high']:.3f}] |" in card
    value = {
        name: next(m["value"] for m in records if m["metric"] == "balanced_accuracy")
        for name, records in (("float32", evaluation["metrics"]), ("int8", evaluation["int8"]["metrics"]))
    }
    assert f"{signed_points(value['int8'] - value['float32'])} percentage points [" in card
    assert card.count("**this student**") == 2
    assert "None" not in card
    assert "Undefined" not in card


def picture(mode="RGB", size=(400, 300), file_format="JPEG", **options):
    """The bytes of a picture file."""
    colours = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    image = Image.fromarray(colours).resize(size, Image.Resampling.BICUBIC).convert(mode)
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def deep():
    file = io.BytesIO()
    Image.fromarray(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)).save(file, "PNG")
    return file.getvalue()


def huge():
    """A PNG whose header promises what no machine here could hold."""
    content = picture(file_format="PNG")
    header = b"IHDR" + (60000).to_bytes(4, "big") * 2 + content[24:29]
    return content[:12] + header + zlib.crc32(header).to_bytes(4, "big") + content[33:]


ORIENTED = Image.Exif()
ORIENTED[0x0112] = 6
GOOD = {
    "plain.jpg": picture(),
    "print.jpg": picture("CMYK"),
    "palette.png": picture("P", file_format="PNG"),
    "clear.png": picture("RGBA", file_format="PNG"),
    "grey.png": picture("L", file_format="PNG"),
    "tall.webp": picture(size=(40, 900), file_format="WEBP"),
    "<b>turned.jpg": picture(exif=ORIENTED),
    "huge.jpg": picture(size=(6000, 4000)),
    "sixteen.png": png(np.arange(40 * 33 * 3).reshape(40, 33, 3) * 16 % 2**16, COLOUR, 16),
}
BAD = {
    "cut.jpg": (picture()[:4000], "truncated"),
    "deep.png": (deep(), "more than 8 bits"),
    "huge.png": (huge(), "million pixels"),
    "empty.jpg": (b"", "empty file"),
    "text.jpg": (b"no picture", "not a picture"),
}


@pytest.fixture
def files(tmp_path):
    contents = GOOD | {name: content for name, (content, _) in BAD.items()}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def predict(deployed, folder, *names):
    """Exit status, and the rows of the csv."""
    model, output = str(deployed / "results/deploy/model"), folder / "out"
    paths = [str(folder / name) for name in names]
    status = main(["predict", "--model", model, "--output", str(output), *paths])
    table = pd.read_csv(output / "predictions.csv", dtype=str, keep_default_na=False)
    return status, table.assign(file=[os.path.basename(path) for path in table["picture"]]).set_index("file")


def test_one_bad_picture_stops_no_other_and_is_named(deployed, files, capsys):
    os.truncate(os.open(files / "heavy.jpg", os.O_CREAT | os.O_WRONLY), 2**40)
    names = [*GOOD, *BAD, "heavy.jpg", "missing.jpg", "."]
    status, table = predict(deployed, files, *names)
    assert status == 2
    assert set(table.index[table["problem"] == ""]) == set(GOOD)
    for name, (_, why) in BAD.items():
        assert f"{files / name}: " in table.loc[name, "problem"]
        assert why in table.loc[name, "problem"]
        assert table.loc[name, "predicted"] == ""
    assert "1,099,511,627,776 bytes" in table.loc["heavy.jpg", "problem"]
    assert "No such file" in table.loc["missing.jpg", "problem"]
    said = capsys.readouterr()
    assert said.err.count("ERROR image: ") == len(BAD) + 3
    assert said.out.count(": ") >= len(GOOD)


def test_good_pictures_of_every_kind_get_probabilities_and_a_page(deployed, files):
    status, table = predict(deployed, files, *GOOD)
    assert status == 0
    classes = [column for column in table if column.startswith("p_")]
    probabilities = table[classes].astype(float)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert list("p_" + table["predicted"]) == list(probabilities.idxmax(axis=1))
    assert table.loc["print.jpg", "notes"] == "converted to RGB from mode CMYK"
    page = (files / "out/predictions.html").read_text(encoding="utf-8")
    assert page.count("data:image/webp;base64,") == 2 * len(GOOD)
    assert "://" not in page
    assert "default-src 'none'" in page
    assert "It learned from synthetic pictures, drawn by a program" in page
    assert "&lt;b&gt;turned.jpg" in page
    assert "<b>" not in page
    assert page.count('alt="') == 2 * len(GOOD)


def test_a_picture_of_the_archive_gets_what_its_packed_pixels_get(deployed, tmp_path):
    table = pd.read_csv(deployed / "results/ingest/demo/images.csv")
    name = table["image"][7]
    with zipfile.ZipFile(deployed / "results/archive/demo/images.zip") as archive:
        (member,) = [each for each in archive.namelist() if os.path.basename(each) == f"{name}.jpg"]
        (tmp_path / "one.jpg").write_bytes(archive.read(member))
    _, answers = predict(deployed, tmp_path, "one.jpg")
    array = np.load(deployed / "results/ingest/demo/images.npy")
    expected = OnnxModel(deployed / "results/deploy/model" / ONNX).probabilities(array[7:8])[0]
    found = answers.filter(like="p_").iloc[0].astype(float)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_without_a_whole_model_nothing_is_said(deployed, files, capsys):
    assert main(["predict", "--model", str(files), str(files / "plain.jpg")]) == 2
    assert "make one (make deploy)" in capsys.readouterr().err
    folder = files / "model"
    shutil.copytree(deployed / "results/deploy/model", folder)
    content = bytearray((folder / ONNX).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / ONNX).write_bytes(content)
    assert main(["predict", "--model", str(folder), str(files / "plain.jpg")]) == 2
    assert f"{folder / ONNX} is not what was written" in capsys.readouterr().err


def test_names_are_written_as_files_and_not_as_formulas(deployed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (b"=1+1.jpg", b"caf\xe9.jpg"):
        with open(name, "wb") as file:
            file.write(GOOD["plain.jpg"])
    model = str(deployed / "results/deploy/model")
    assert main(["predict", "--model", model, "=1+1.jpg", os.fsdecode(b"caf\xe9.jpg")]) == 0
    table = pd.read_csv("predictions/predictions.csv")
    assert list(table["picture"]) == ["./=1+1.jpg", "caf\\xe9.jpg"]


@pytest.fixture(scope="module")
def asked(deployed, tmp_path_factory):
    """What Snakemake said when it was asked for answers and for the page, and the folder of the pictures."""
    folder = tmp_path_factory.mktemp("some pictures")
    contents = {"a, {b}.jpg": GOOD["plain.jpg"], "print.jpg": GOOD["print.jpg"], "cut.jpg": BAD["cut.jpg"][0]}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    has_npm = why_missing({"npm": "npm"}, "npm") is None
    names = json.dumps([str(folder / name) for name in contents])
    targets = ["predict", *(["student_page"] if has_npm else [])]
    return snakemake(deployed, *targets, "--keep-going", "--config", f"predict={names}"), folder, has_npm


def test_snakemake_asks_the_student_about_pictures_and_tells_what_it_refused(deployed, asked):
    run, folder, _ = asked
    written = deployed / "results/deploy/predictions"
    table = pd.read_csv(written / "predictions.csv", dtype=str, keep_default_na=False)
    assert "ERROR image" in run.stdout and "cut.jpg" in run.stdout
    assert "rule export_student:" not in run.stdout
    _, expected = predict(deployed, folder, "a, {b}.jpg", "print.jpg", "cut.jpg")
    pd.testing.assert_frame_equal(table, expected.reset_index(drop=True))
    assert (written / "predictions.html").read_text(encoding="utf-8").count("<article") == 2


def test_the_page_of_the_student_holds_the_model_that_was_checked(deployed, asked):
    run, _, has_npm = asked
    if not has_npm:
        pytest.skip(why_missing({"npm": "npm"}, "npm"))
    if "npm ci ended with" in run.stdout and not os.environ.get("CI"):
        pytest.skip("npm's registry does not answer")
    assert run.returncode == 0, run.stdout[-6000:]
    page = (deployed / "results/deploy/student.html").read_text(encoding="utf-8")
    (model,) = re.findall(r'<script type="application/gzip" id="model">([^<]+)<', page)
    inside = gzip.decompress(base64.b64decode(model))
    assert inside == (deployed / "results/deploy/model" / ONNX).read_bytes()
    assert "pictures that a program drew (source demo; " in page
    assert "Smoke run: " in page


def test_without_a_picture_or_with_a_wrong_name_snakemake_says_how_to_name_one(tmp_path):
    with pytest.raises(InputError, match=r"names no picture.*--config 'predict=\[a.jpg, b.png\]'"):
        pictures_asked([])
    (tmp_path / "a.jpg").write_bytes(b"x")
    named = [str(tmp_path / name) for name in ("a.jpg", "b.jpg")]
    with pytest.raises(InputError, match=r"not a file: [^,]*b\.jpg \(from "):
        pictures_asked(named)
    asked = pictures_asked(named[0])
    assert asked == pictures_asked([named[0]] * 2)
    assert list(asked) == named[:1]
    (tmp_path / "a.jpg").write_bytes(b"y")
    assert pictures_asked(named[0]) != asked


def test_pictures_that_are_asked_about_are_no_part_of_the_study():
    plain = check_config(read_config(BASE, SMOKE))
    asked = check_config(read_config(BASE, SMOKE, predict=["a.jpg"]))
    assert asked.predict == ["a.jpg"]
    assert plain.model_dump() == asked.model_dump()
    with pytest.raises(InputError, match="predict"):
        check_config(read_config(BASE, SMOKE, predict=[1]))
