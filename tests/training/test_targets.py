"""Cached targets are what the teacher says, and those of another run are refused."""

import math

import pytest
import torch
from jobs_examples import run_cache, run_train
from safetensors import safe_open
from torch import nn
from training_examples import CPU, DISTILLED, RUN, network_of, parts_of, quiet

from skinkd.checkpoints import load_network, read_description
from skinkd.dataset import predict_logits
from skinkd.errors import InputError
from skinkd.targets import compute_targets, describe_targets, read_targets, write_targets

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
    said = read_targets([targets], [header_of(data, teacher)], parts["train"], "cpu")
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
    part = parts_of(data)["train"]
    for entry, change in stale.items():
        with pytest.raises(InputError, match=f": {entry} was .*, is ") as error:
            read_targets([targets], [header_of(data, teacher, **change)], part, "cpu")
        named = [key for key in expected if f"{key} was " in str(error.value)]
        assert named == [entry]
    everything = {key: value for change in stale.values() for key, value in change.items()}
    with pytest.raises(InputError) as error:
        read_targets([targets], [header_of(data, teacher, **everything)], part, "cpu")
    assert all(f"{entry} was " in str(error.value) for entry in expected)


def test_several_teachers_are_read_in_their_order(stale, distillation, tmp_path):
    """And each is compared with its own header: exchanged ones are refused."""
    data, teacher, targets = distillation
    other = stale["teacher"]["path_to_teacher"]
    others = run_cache(data, tmp_path, other)
    part, headers = parts_of(data)["train"], [header_of(data, one) for one in (teacher, other)]
    said = read_targets([targets, others], headers, part, "cpu")
    for index, path in enumerate((targets, others)):
        [alone] = read_targets([path], [headers[index]], part, "cpu").train
        assert torch.equal(said.train[index], alone)
    assert not torch.equal(said.train[0], said.train[1])
    with pytest.raises(InputError, match="teacher was"):
        read_targets([others, targets], headers, part, "cpu")


def test_the_job_refuses_a_retrained_teacher(stale, distillation, tmp_path):
    data, _, targets = distillation
    retrained = stale["teacher"]["path_to_teacher"]
    with pytest.raises(InputError, match="teacher was"):
        run_train(data, tmp_path, run=STUDENT, teachers=[retrained], targets=[targets])
    assert not list(tmp_path.iterdir())


def test_targets_of_another_number_of_images_or_other_views_are_refused(distillation, tmp_path):
    data, teacher, targets = distillation
    header, part = header_of(data, teacher), parts_of(data)["train"]
    with safe_open(targets, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in ("train", "validation", "parameters")}
    shorter = tensors | {"train": tensors["train"][:, 1:].contiguous()}
    write_targets(tmp_path / "shorter.safetensors", shorter, header)
    with pytest.raises(InputError, match=f"{len(part) - 1} images, the training part has {len(part)}"):
        read_targets([tmp_path / "shorter.safetensors"], [header], part, "cpu")
    turned = tensors | {"parameters": tensors["parameters"] + 1}
    write_targets(tmp_path / "turned.safetensors", turned, header)
    with pytest.raises(InputError, match="the views were drawn otherwise than here"):
        read_targets([tmp_path / "turned.safetensors"], [header], part, "cpu")


def test_damaged_targets_are_refused(distillation, tmp_path):
    data, teacher, targets = distillation
    path = tmp_path / "targets.safetensors"
    path.write_bytes(targets.read_bytes()[:100])
    with pytest.raises(InputError, match=r"targets\.safetensors"):
        read_targets([path], [header_of(data, teacher)], parts_of(data)["train"], "cpu")


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
