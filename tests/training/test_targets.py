"""Cached targets are what the teacher says, and those of another run are refused."""

import math
import re

import pytest
import torch
from jobs_examples import DEVICE, run_cache, run_train
from safetensors import safe_open
from torch import nn
from training_examples import CPU, DISTILLED, RUN, network_of, parts_of, quiet

from skinkd import sources, targets
from skinkd.atomic import digest_of
from skinkd.checkpoints import load_network, read_description, save_network
from skinkd.dataset import predict_logits
from skinkd.device import Device
from skinkd.errors import InputError
from skinkd.runs import open_teacher
from skinkd.signals import Signals
from skinkd.targets import compute_targets, describe_targets, read_targets, write_targets

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
TEACHER = {"network": {"name": "resnet", "parameters": {"depth": 10, "head": "dropout_batch_norm"}}}
# Of the largest logit; bfloat16 keeps eight bits of a number.
ROUNDING = {"float32": 1e-5, "bfloat16": 2**-6}
STUDENT = RUN | {"arm": "student", "loss": DISTILLED, "teaches": False}


@pytest.fixture(scope="module")
def distillation(packed, tmp_path_factory):
    """Pictures, a trained teacher and its targets."""
    data, folder = packed(3), tmp_path_factory.mktemp("distillation")
    teacher = run_train(data, folder, name="teacher")
    return data, teacher, run_cache(data, folder, teacher)


def header_of(data, teacher, **changes):
    """The header that a student of `data` and `teacher` expects."""
    usual = {
        "path_to_array": data.path_to_array,
        "path_to_split": data.path_to_split,
        "path_to_teacher": teacher,
        "augmentation": "ssd_kd",
        "view_seed": 0,
        "views": 2,
        "classes": data.classes,
    }
    return describe_targets(**usual | changes)


def test_cached_targets_are_what_the_teacher_says_online(distillation):
    data, teacher, targets = distillation
    network, _ = load_network(teacher)
    parts = parts_of(data)
    said = read_targets([targets], [header_of(data, teacher)], parts, "cpu")
    assert said.train.shape[:2] == (1, 2)
    for view in range(2):
        parameters = parts["train"].parameters(view)
        chosen = torch.randperm(len(parts["train"]), generator=torch.Generator().manual_seed(view))[:7]
        with torch.no_grad():
            online = network.eval()(parts["train"].batch(chosen, parameters))
        torch.testing.assert_close(said.train[0, view][chosen], online, atol=1e-5, rtol=0)
        with safe_open(targets, "pt") as file:
            assert torch.equal(file.get_tensor("parameters")[view], parameters)
    validation = predict_logits(network, parts["validation"], CPU)
    torch.testing.assert_close(said.validation[0], validation, atol=1e-5, rtol=0)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_cached_and_an_online_teacher_say_the_same_of_the_same_views(precision, packed, tmp_path):
    """One has looked at whole parts in one order, the other looks at shuffled batches of students."""
    data = packed(3)
    network = network_of(data, "resnet", depth=10, head="dropout_batch_norm")
    for norm in (module for module in network.modules() if isinstance(module, NORMS)):
        nn.init.uniform_(norm.running_var, 0.5, 2.0)
        nn.init.normal_(norm.bias, std=0.2)
    save_network(
        tmp_path / "teacher.safetensors",
        network,
        TEACHER | {"classes": data.classes, "size_px": 32, "split": digest_of(data.path_to_split)},
    )
    run_cache(data, tmp_path, tmp_path / "teacher.safetensors", device=DEVICE | {"precision": precision})
    parts, header = parts_of(data), header_of(data, tmp_path / "teacher.safetensors")
    part, said = (
        parts["train"],
        read_targets([tmp_path / "targets.safetensors"], [header], parts, "cpu").train[0],
    )
    teacher = open_teacher(tmp_path / "teacher.safetensors", None, Device("cpu", precision))
    student = Signals(network, {"teacher_map"}, device=CPU, teacher=teacher)
    for view in range(2):
        parameters = part.parameters(view)
        for chosen in torch.randperm(len(part), generator=torch.Generator().manual_seed(view)).split(7):
            online = student.of([part.batch(chosen, parameters)], part.labels[chosen], {})["teacher"]
            scale = said.abs().max()
            assert (said[view, chosen] - online).abs().max() <= ROUNDING[precision] * scale


FORECAST = re.compile(
    r"(\d+) views of (\d+) images, and (\d+) of validation as they are: ([\d.]+) MB of targets, about (\d+) s"
)


def test_the_job_says_before_how_much_it_will_do(distillation, tmp_path, capsys):
    data, teacher, _ = distillation
    run_cache(data, tmp_path, teacher, views=3)
    said = FORECAST.fullmatch(capsys.readouterr().out.splitlines()[0])
    parts = parts_of(data)
    assert said.group(1, 2, 3) == ("3", str(len(parts["train"])), str(len(parts["validation"])))


def test_the_size_that_is_said_is_that_of_the_file(distillation, tmp_path):
    """Of one with so many views that its header is nothing: as many times what a view adds to small ones."""
    data, teacher, _ = distillation
    sizes = [run_cache(data, tmp_path, teacher, views=views).stat().st_size for views in (2, 6)]
    line = targets.forecast_targets(network_of(data).eval(), *parts_of(data).values(), views=100_000)
    megabytes = float(FORECAST.fullmatch(line)[4])
    assert megabytes == pytest.approx(100_000 * (sizes[1] - sizes[0]) / 4 / 1e6, rel=0.01)


def test_a_forecast_is_what_one_look_takes_times_all_looks(packed, monkeypatch):
    """The first look, which warms up, does not count: here it takes 100 s, and each later one 2 s."""
    data, clock = packed(3), iter([0.0, 100.0, 200.0, 202.0])
    parts = parts_of(data)
    monkeypatch.setattr(targets.time, "perf_counter", lambda: next(clock))
    line = targets.forecast_targets(network_of(data).eval(), *parts.values(), views=50)
    looks, at_once = 50 * len(parts["train"]) + len(parts["validation"]), min(len(parts["train"]), 32)
    assert line.endswith(f"about {looks * 2 / at_once:.0f} s")


@pytest.fixture(scope="module")
def stale(distillation, packed, tmp_path_factory):
    """What a student may find changed since the targets were made."""
    data, *_ = distillation
    other = packed(3, seed=1)
    retrained = run_train(data, tmp_path_factory.mktemp("retrained"), run=RUN | {"seed": 1})
    return {
        "teacher": {"path_to_teacher": retrained},
        "split": {"path_to_split": other.path_to_split},
        "pictures": {"path_to_array": other.path_to_array},
        "augmentation": {"augmentation": "identity"},
        "view_seed": {"view_seed": 1},
        "views": {"views": 3},
        "classes": {"classes": data.classes[::-1]},
    }


def test_every_entry_of_the_header_that_differs_is_named(stale, distillation):
    data, teacher, targets = distillation
    expected = header_of(data, teacher)
    assert stale.keys() == expected.keys()
    parts = parts_of(data)
    for entry, change in stale.items():
        with pytest.raises(InputError, match=f": {entry} was .*, is ") as error:
            read_targets([targets], [header_of(data, teacher, **change)], parts, "cpu")
        named = [key for key in expected if f"{key} was " in str(error.value)]
        assert named == [entry]
    everything = {key: value for change in stale.values() for key, value in change.items()}
    with pytest.raises(InputError) as error:
        read_targets([targets], [header_of(data, teacher, **everything)], parts, "cpu")
    assert all(f"{entry} was " in str(error.value) for entry in expected)


@pytest.mark.parametrize("name", ["ssd_kd.py", "picture_changes.py", "dataset.py", "packed_pictures.py"])
def test_the_header_depends_on_all_code_that_makes_views(name, monkeypatch):
    whole = sources.digest_of_modules("skinkd.augmentations.ssd_kd", "skinkd.dataset")
    digest_of = sources.digest_of
    monkeypatch.setattr(sources, "digest_of", lambda file: "edited" if file.name == name else digest_of(file))
    assert sources.digest_of_modules("skinkd.augmentations.ssd_kd", "skinkd.dataset") != whole


def test_several_teachers_are_read_in_their_order(stale, distillation, tmp_path):
    """And each is compared with its own header: exchanged ones are refused."""
    data, teacher, targets = distillation
    other = stale["teacher"]["path_to_teacher"]
    others = run_cache(data, tmp_path, other)
    parts, headers = parts_of(data), [header_of(data, one) for one in (teacher, other)]
    said = read_targets([targets, others], headers, parts, "cpu")
    for index, path in enumerate((targets, others)):
        [alone] = read_targets([path], [headers[index]], parts, "cpu").train
        assert torch.equal(said.train[index], alone)
    assert not torch.equal(said.train[0], said.train[1])
    with pytest.raises(InputError, match="teacher was"):
        read_targets([others, targets], headers, parts, "cpu")


def test_the_job_refuses_a_retrained_teacher(stale, distillation, tmp_path):
    data, _, targets = distillation
    retrained = stale["teacher"]["path_to_teacher"]
    with pytest.raises(InputError, match="teacher was"):
        run_train(data, tmp_path, run=STUDENT, teachers=[retrained], targets=[targets])
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def tensors_in(targets):
    """What a file of targets holds."""
    with safe_open(targets, "pt") as file:
        return {name: file.get_tensor(name) for name in ("train", "validation", "parameters")}


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("train", lambda said: said[:, 1:], r"its train part is \(2, 23, 3\), of this run \(2, 24, 3\)"),
        ("train", lambda said: said[1:], r"its train part is \(1, 24, 3\), of this run \(2, 24, 3\)"),
        ("validation", lambda said: said[1:], r"its validation part is \(11, 3\), of this run \(12, 3\)"),
        ("validation", lambda said: said[:, 1:], r"its validation part is \(12, 2\), of this run \(12, 3\)"),
        ("parameters", lambda drawn: drawn + 1, "the views were drawn otherwise than here"),
        ("train", lambda said: with_nan(said, (1, 4)), "its logits of I0_0004 are not finite"),
        ("validation", lambda said: with_nan(said, (2,)), "its logits of I0_0008 are not finite"),
    ],
)
def test_targets_that_do_not_fit_the_images_are_refused(name, change, complaint, distillation, tmp_path):
    """Though they are what was written."""
    data, teacher, targets = distillation
    tensors, header, path = tensors_in(targets), header_of(data, teacher), tmp_path / "targets.safetensors"
    write_targets(path, tensors | {name: change(tensors[name]).contiguous()}, header)
    with pytest.raises(InputError, match=complaint):
        read_targets([path], [header], parts_of(data), "cpu")


def with_nan(said, place):
    """The same logits, one image's without a number."""
    said = said.clone()
    said[place] = math.nan
    return said


def test_damaged_targets_are_refused(distillation, tmp_path):
    data, teacher, targets = distillation
    path = tmp_path / "targets.safetensors"
    path.write_bytes(targets.read_bytes()[:100])
    with pytest.raises(InputError, match=r"targets\.safetensors"):
        read_targets([path], [header_of(data, teacher)], parts_of(data), "cpu")


def test_a_teacher_without_finite_logits_gives_no_targets(packed):
    network = network_of(packed(3))
    nn.init.constant_(network.classifier.bias, math.nan)
    with pytest.raises(InputError, match="the teacher's logits are not finite"):
        compute_targets(network, *parts_of(packed(3)).values(), CPU, views=1, say=quiet)


@pytest.mark.parametrize("control", [None, "shuffled", "uniform"])
def test_targets_of_this_run_are_used(control, distillation, tmp_path):
    data, teacher, targets = distillation
    run = STUDENT | {"control": control}
    student = run_train(data, tmp_path, run=run, teachers=[teacher], targets=[targets])
    assert read_description(student)["arm"] == "student"
