"""Figures of photographs: files are small, bare and repeatable, and the record says what they show."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from explain import explain
from PIL import Image

from skinkd import album
from skinkd.album import Album, overlaid, shown_at
from skinkd.atomic import digest_of
from skinkd.checkpoints import save_network
from skinkd.chosen_images import count_all_corrected
from skinkd.errors import InputError
from skinkd.intact import sealed
from skinkd.metrics import softmax
from skinkd.networks import build_network
from skinkd.picture_catalogue import catalogue
from skinkd.predictions import Predictions, read_predictions, write_predictions
from skinkd.records import read_record
from skinkd.signatures import names_in, problems_of

ARMS = {
    "big": ("resnet", {"depth": 10}),
    "small": ("mobilenet_v2", {"width": 0.35}),
    "taught": ("mobilenet_v2", {"width": 0.35}),
}
FIGURES = {
    "grad_cam": {"arms": list(ARMS), "pictures": 4},
    "sample_predictions": {"arms": ["taught"], "pictures": 5},
    "softened": {"arm": "big", "temperatures": [1, 3, 10]},
}


@pytest.fixture(scope="module")
def study(packed, tmp_path_factory):
    """A split, and three arms' predictions and networks on disk."""
    folder, data = tmp_path_factory.mktemp("study"), packed(3, images=96)
    rows = data.split[data.split["part"] != "train"]
    labels = np.array([data.classes.index(label) for label in rows["label"]])
    generator = np.random.default_rng(1)
    for seed, (arm, (name, parameters)) in enumerate(ARMS.items()):
        torch.manual_seed(seed)
        network = build_network(name, 3, 32, parameters)
        description = {
            "network": {"name": name, "parameters": parameters},
            "classes": data.classes,
            "size_px": 32,
        }
        save_network(folder / f"{arm}.safetensors", network, description)
        skill = {"big": 2.0, "small": 0.3, "taught": 1.5}[arm]
        said = Predictions(
            **{"paper": "p", "protocol": "leak_free", "arm": arm, "fold": 0, "seed": 0},
            classes=data.classes,
            **{f"{column}s": rows[column].to_numpy(object) for column in ("image", "lesion", "part")},
            labels=labels,
            logits=generator.normal(size=(len(rows), 3)) + skill * np.eye(3)[labels],
        )
        write_predictions(folder / f"{arm}.csv", said)
    return SimpleNamespace(folder=folder, **data._asdict())


def made(study, name, folder, **changes):
    """The record of one figure."""
    parameters = FIGURES[name] | changes
    arms = parameters.get("arms") or [parameters["arm"]]
    about = {
        **{"paper": "p", "protocol": "leak_free", "figure": "Figure 1", "name": name, "title": "T"},
        **{"source": "demo", "fold": 0, "seed": 0, "draw_seed": 7},
        "arms": {arm: {"label": arm.upper(), "role": "student"} for arm in arms},
        "parameters": parameters,
    }
    explain(
        about,
        [study.folder / f"{arm}.csv" for arm in arms],
        [study.folder / f"{arm}.safetensors" for arm in arms] if name == "grad_cam" else [],
        study.path_to_array,
        study.path_to_split,
        study.path_to_summary,
        threads=1,
        path_to_pictures=folder / "figure-1",
        path_to_record=folder / "figure-1.json",
    )
    return read_record(folder / "figure-1.json")


def said_by(study, arm):
    return read_predictions(study.folder / f"{arm}.csv").part("test")


def files_of(record):
    maps = [shown for picture in record["pictures"] for arm in picture["arms"] for shown in arm["maps"]]
    return [described["file"] for described in (*record["pictures"], *maps)]


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_bytes_twice_and_no_file_that_the_record_does_not_name(study, tmp_path, name):
    record = made(study, name, tmp_path / "one")
    assert made(study, name, tmp_path / "two") == record
    first, second = (
        {path.relative_to(tmp_path / run): path.read_bytes() for path in (tmp_path / run).rglob("*.*")}
        for run in ("one", "two")
    )
    assert first == second
    assert {str(path) for path in first} == {"figure-1.json", *files_of(record)}


@pytest.mark.parametrize("name", FIGURES)
def test_files_are_small_rgb_and_bare(study, tmp_path, name):
    record = made(study, name, tmp_path)
    assert (record["array_px"], record["shown_px"]) == (32, 192)
    assert record["resampling"] == "enlarged 6 times, nearest pixel"
    for file in files_of(record):
        with Image.open(tmp_path / file) as image:
            assert (image.format, image.mode, image.size) == ("PNG", "RGB", (192, 192))
            assert not image.info
            assert not image.getexif()


@pytest.mark.parametrize("name", FIGURES)
def test_what_is_said_is_what_was_predicted(study, tmp_path, name):
    record = made(study, name, tmp_path)
    assert record["pictures"]
    for picture in record["pictures"]:
        assert [opinion["arm"] for opinion in picture["arms"]] == list(record["arms"])
        assert picture["alt"].startswith(f"Picture {picture['image']}, true class {picture['true']}; ")
        for opinion in picture["arms"]:
            test = said_by(study, opinion["arm"])
            row = int(np.flatnonzero(test.images == picture["image"])[0])
            probabilities = dict(zip(test.classes, softmax(test.logits)[row], strict=True))
            assert picture["true"] == test.classes[test.labels[row]]
            assert opinion["predicted"] == max(probabilities, key=probabilities.get)
            assert opinion["probability"] == pytest.approx(max(probabilities.values()), abs=1e-6)
            assert opinion["true_probability"] == pytest.approx(probabilities[picture["true"]], abs=1e-6)
            assert opinion["right"] == (opinion["predicted"] == picture["true"])
            words = f"{opinion['predicted']} with probability {opinion['probability']:.2f}"
            assert f"{opinion['arm'].upper()} says {words}" in picture["alt"]


def test_a_picture_is_shown_as_it_was_packed(study, tmp_path):
    record = made(study, "sample_predictions", tmp_path)
    rows = study.split.set_index("image")["row"]
    for picture in record["pictures"]:
        with Image.open(tmp_path / picture["file"]) as image:
            shown = np.asarray(image)
        np.testing.assert_array_equal(shown[::6, ::6], study.array[rows[picture["image"]]])


def test_every_network_has_a_map_of_what_it_says_and_where_wrong_of_the_truth(study, tmp_path):
    record = made(study, "grad_cam", tmp_path)
    assert record["layers"] == {"big": "layer4", "small": "features", "taught": "features"}
    for picture in record["pictures"]:
        for opinion in picture["arms"]:
            expected = [("predicted", opinion["predicted"])]
            expected += [] if opinion["right"] else [("true", picture["true"])]
            assert [(shown["of"], shown["class"]) for shown in opinion["maps"]] == expected
            for shown in opinion["maps"]:
                assert f"Grad-CAM of {opinion['arm'].upper()} for {shown['class']} on" in shown["alt"]


def test_corrections_and_their_counterpart_are_counted(study, tmp_path):
    record = made(study, "grad_cam", tmp_path)
    small, taught = said_by(study, "small"), said_by(study, "taught")
    assert record["corrected"] == count_all_corrected(small, taught)
    assert record["spoiled"] == count_all_corrected(taught, small)
    right = {
        arm: (s.logits.argmax(axis=1) == s.labels).sum() for arm, s in (("small", small), ("taught", taught))
    }
    assert record["corrected_total"] - record["spoiled_total"] == right["taught"] - right["small"]


def test_softened_values_are_means_of_what_the_arm_says(study, tmp_path):
    record = made(study, "softened", tmp_path)
    test = said_by(study, "big")
    at = {(v["of"], v["reading"], v["temperature"]): v for v in record["values"]}
    assert len(at) == len(record["values"]) == 5 * 2 * 3
    for temperature in (1, 3, 10):
        expected = softmax(test.logits / temperature)
        of_class = list(at["C1", "logits", temperature]["probabilities"].values())
        assert of_class == pytest.approx(expected[test.labels == 1].mean(axis=0), abs=1e-6)
        row = test.images == record["pictures"][0]["image"]
        of_picture = list(at["picture", "logits", temperature]["probabilities"].values())
        assert of_picture == pytest.approx(expected[row][0], abs=1e-6)
        twice = softmax(softmax(test.logits) / temperature).mean(axis=0)
        assert list(at["test part", "probabilities", temperature]["probabilities"].values()) == pytest.approx(
            twice, abs=1e-6
        )
    assert at["test part", "logits", 1]["images"] == len(test)


def test_predictions_from_another_split_are_refused(study, tmp_path):
    short = {"path_to_split": tmp_path / "fold0.csv", "path_to_summary": tmp_path / "fold0.json"}
    study.split[study.split["part"] != "test"].to_csv(short["path_to_split"], index=False)
    summary = read_record(study.path_to_summary) | {"split_sha256": digest_of(short["path_to_split"])}
    del summary["sha256"]
    short["path_to_summary"].write_text(json.dumps(sealed(summary)), encoding="utf-8")
    with pytest.raises(InputError, match=r"fold0\.csv does not have I0_"):
        made(SimpleNamespace(**vars(study) | short), "sample_predictions", tmp_path)


def test_predictions_of_other_classes_are_refused(study, tmp_path):
    for arm in ARMS:
        text = (study.folder / f"{arm}.csv").read_text(encoding="utf-8")
        (tmp_path / f"{arm}.csv").write_text(
            text.replace("logit_C0,logit_C1", "logit_C1,logit_C0"), encoding="utf-8"
        )
    with pytest.raises(InputError, match="classes C1, C0, C2, not C0, C1, C2, in this order"):
        made(SimpleNamespace(**vars(study) | {"folder": tmp_path}), "sample_predictions", tmp_path)


@pytest.mark.parametrize(
    ("array_px", "shown_px", "how"),
    [
        (32, 192, "enlarged 6 times, nearest pixel"),
        (50, 150, "enlarged 3 times, nearest pixel"),
        (192, 192, "as packed"),
        (224, 192, "reduced, bilinear"),
    ],
)
def test_shown_pictures_have_at_most_the_shown_size(study, tmp_path, array_px, shown_px, how):
    np.save(tmp_path / "images.npy", np.zeros((96, array_px, array_px, 3), np.uint8))
    opened = Album(tmp_path / "images.npy", study.path_to_split, tmp_path / "shown")
    assert (opened.array_px, opened.shown_px, opened.resampling) == (array_px, shown_px, how)
    assert shown_at(opened.array[0], shown_px).shape == (shown_px, shown_px, 3)


def test_a_warmer_map_is_lighter_and_leaves_the_picture_visible():
    heat = np.linspace(0, 1, 64)[None].repeat(64, axis=0)
    dark, light = (
        overlaid(np.full((64, 64, 3), grey, np.uint8), heat) @ [0.2126, 0.7152, 0.0722] for grey in (40, 200)
    )
    for lightness in (dark[0], light[0]):
        # A step of the map may be smaller than a step of the file.
        assert (np.diff(lightness) > -1).all()
        assert lightness[-1] - lightness[0] > 60
    np.testing.assert_allclose(light - dark, 160 * (1 - album.OPACITY), atol=1)


# which figures a study has


def study_of(figures, arms=tuple(ARMS), folds=(2, 0)):
    """What `catalogue` asks of a study that has one paper under one protocol."""
    about = SimpleNamespace(label="L", role="student", network="n")
    described = {
        label: SimpleNamespace(
            name=values["name"], parameters={key: value for key, value in values.items() if key != "name"}
        )
        for label, values in figures.items()
    }
    paper = SimpleNamespace(figures=described, source="demo", arms=dict.fromkeys(ARMS, about))
    return SimpleNamespace(
        papers={("p", "leak_free"): paper},
        config=SimpleNamespace(statistics=SimpleNamespace(seed=9)),
        paper=lambda *_: paper,
        arms=lambda *_: list(arms),
        runs=lambda *_: [(fold, 4) for fold in folds],
        network=lambda *_: {"name": "resnet"},
    )


def figure(name, **changes):
    return {"name": name, "title": "T", **FIGURES[name], **changes}


def test_the_catalogue_holds_the_figures_of_photographs_and_their_first_runs():
    jobs = catalogue(study_of({**{f"Figure {n}": figure(n) for n in FIGURES}, "Figure 9": {"name": "roc"}}))
    assert list(jobs) == [f"p-leak_free-figure-{name}" for name in FIGURES]
    for name, job in zip(FIGURES, jobs.values(), strict=True):
        assert (job["name"], job["fold"], job["seed"], job["draw_seed"]) == (name, 2, 4, 9)
        assert job["parameters"] == FIGURES[name]
        assert job["runs"] == [f"p/leak_free/{arm}/fold2-seed4" for arm in job["arms"]]
        assert job["networks"] == (job["runs"] if name == "grad_cam" else [])
        assert ("skinkd.networks.resnet" in job["modules"]) == (name == "grad_cam")


def test_a_figure_whose_arms_do_not_all_run_is_left_out():
    figures = {"Figure 1": figure("grad_cam"), "Figure 2": figure("sample_predictions")}
    assert list(catalogue(study_of(figures, arms=["small", "taught"]))) == ["p-leak_free-figure-2"]


def test_maps_need_a_teacher_a_student_and_a_distilled_student():
    with pytest.raises(InputError, match=r"figures\.Figure 5 names 2 arms"):
        catalogue(study_of({"Figure 5": figure("grad_cam", arms=["big", "small"])}))


@pytest.mark.parametrize("name", FIGURES)
def test_what_a_papers_file_may_say_of_a_figure_is_checked(name):
    assert name in names_in("pictures")
    assert problems_of("pictures", name, FIGURES[name], "here") == []
    assert problems_of("pictures", name, {**FIGURES[name], "hue": 1}, "here")
