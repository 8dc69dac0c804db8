"""The loop learns, repeats bit by bit, and leaves what it was given."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from training_examples import (
    ALONE,
    CPU,
    DISTILLED,
    SGD,
    assert_equal_bits,
    online_teacher,
    parts_of,
    quiet,
    teachers_logits,
    trainer_of,
    weights_of,
)

from skinkd.dataset import open_array, predict_logits
from skinkd.device import Device, choose_device
from skinkd.errors import InputError
from skinkd.losses import load_terms
from skinkd.networks import build_network
from skinkd.not_finite import Diverged
from skinkd.schedule import whole_batches
from skinkd.signals import Signals
from skinkd.training import Recipe, Trainer

DROPOUT = ("resnet", {"depth": 10, "head": "dropout_batch_norm"})
IMITATION = [*ALONE, {"name": "distance_relation", "weight": 5.0}]


def test_a_distilled_student_learns(packed):
    data = packed(3, images=96)
    trainer = trainer_of(data, run={"loss": DISTILLED}, cached=teachers_logits(data), epochs=6)
    before = trainer.validate()["validation_loss"]
    trainer.run(say=quiet)
    assert trainer.history[-1]["train_loss"] < trainer.history[0]["train_loss"]
    assert trainer.history[trainer.best_epoch - 1]["validation_balanced_accuracy"] > 0.6
    assert trainer.validate()["validation_loss"] < before


def test_a_student_of_an_online_teacher_learns_its_relations(packed):
    data = packed(3, images=96)
    loss = [{"name": "distance_relation", "weight": 1.0}]
    trainer = trainer_of(data, run={"loss": loss}, teacher=online_teacher(data), epochs=6)
    before = trainer.validate()["validation_loss"]
    trainer.run(say=quiet)
    assert trainer.validate()["validation_loss"] < 0.9 * before


@pytest.mark.parametrize("network", [("dsnet", {}), DROPOUT])
def test_training_repeats_bit_by_bit(network, packed):
    runs = [trainer_of(packed(3), network=network, epochs=2) for _ in range(2)]
    for index, trainer in enumerate(runs):
        torch.rand(index)  # Another state of the global generator.
        trainer.run(say=quiet)
    assert runs[0].history == runs[1].history
    assert_equal_bits(weights_of(runs[0].network), weights_of(runs[1].network))


@pytest.mark.parametrize("change", [{"seed": 1}, {"run": {"seed_offset": 1}}])
def test_another_seed_trains_another_network(change, packed):
    runs = [trainer_of(packed(3), epochs=1, **told) for told in ({}, change)]
    for trainer in runs:
        trainer.run(say=quiet)
    assert runs[0].history != runs[1].history


def test_validation_is_measured_by_hand(packed):
    """Objective, its part without a teacher, accuracy, and the mean of the classes' recalls."""
    data = packed(3, images=40)
    cached = teachers_logits(data)
    trainer = trainer_of(data, run={"loss": DISTILLED}, cached=cached)
    found = trainer.validate()
    part = trainer.validation_part
    student, labels = predict_logits(trainer.network, part, CPU), part.labels
    counts = torch.bincount(trainer.train_part.labels)
    hard = 0.5 * nn.functional.cross_entropy(student, labels, (counts.sum() / counts).round(decimals=3))
    teacher = (cached.validation[0] / 4).softmax(dim=1)
    soft = 0.5 * 16 * (teacher * (teacher.log() - (student / 4).log_softmax(dim=1))).sum(dim=1).mean()
    right = student.argmax(dim=1) == labels
    recalls = [float(right[labels == label].float().mean()) for label in labels.unique()]
    assert found == pytest.approx(
        {
            "validation_loss": float(hard + soft),
            "validation_hard_loss": float(hard),
            "validation_accuracy": float(right.float().mean()),
            "validation_balanced_accuracy": np.mean(recalls),
        },
        rel=1e-5,
    )


def test_validation_in_batches_is_a_mean_over_images(packed, monkeypatch):
    """Of the terms that are computed image by image; a last batch of another size weighs less."""
    data = packed(3)
    loss = [*DISTILLED, {"name": "fitnet", "weight": 1.0, "adapter": "linear"}]
    trainer = trainer_of(
        data, network=("resnet", {"depth": 10}), run={"loss": loss}, teacher=online_teacher(data)
    )
    whole = trainer.validate()
    monkeypatch.setattr("skinkd.schedule.VALIDATION_BATCH", 5)
    assert len(trainer.validation_part) % 5 != 0
    assert trainer.validate() == pytest.approx(whole, rel=1e-5)


def test_an_epochs_record(packed):
    """Loss and accuracy over all images of the epoch, and the rate at which it ran."""
    trainer = trainer_of(packed(3), epochs=1, optimizer=SGD | {"learning_rate": 1e-12})
    before = trainer.validate()
    logits = predict_logits(trainer.network, trainer.train_part, CPU, trainer.train_part.parameters(0))
    trainer.network.train()
    trainer.network.apply(without_dropout)
    trainer.run(say=quiet)
    [record] = trainer.history
    labels = trainer.train_part.labels
    assert record["train_loss"] == pytest.approx(float(nn.functional.cross_entropy(logits, labels)), rel=1e-4)
    assert record["train_accuracy"] == pytest.approx(float((logits.argmax(dim=1) == labels).float().mean()))
    assert record["learning_rate"] == 1e-12
    assert {key: record[key] for key in before} == pytest.approx(before, rel=1e-4)


def without_dropout(module):
    if isinstance(module, nn.Dropout):
        module.p = 0.0


@pytest.mark.parametrize("batch_size", [2, 3, 8, 64])
@pytest.mark.parametrize("images", [2, 3, 9, 16, 17, 64, 65])
def test_no_batch_is_a_single_image(images, batch_size):
    batches = whole_batches(torch.arange(images), batch_size)
    assert torch.equal(torch.cat(batches), torch.arange(images))
    assert all(2 <= len(batch) <= batch_size + 1 for batch in batches)


def test_batch_norm_never_meets_a_single_image(packed):
    trainer = trainer_of(packed(3, images=33), network=DROPOUT, epochs=1, batch_size=17)
    assert len(trainer.train_part) == 18
    trainer.run(say=quiet)


@pytest.mark.parametrize("network", [("dsnet", {}), ("resnet", {"depth": 10})])
def test_logits_do_not_depend_on_the_batch_size(network, packed):
    trainer = trainer_of(packed(3), network=network, epochs=1)
    trainer.run(say=quiet)
    part = trainer.validation_part
    logits = [predict_logits(trainer.network, part, CPU, batch_size=size) for size in (1, 5, 64)]
    torch.testing.assert_close(logits[0], logits[2], atol=1e-5, rtol=0)
    torch.testing.assert_close(logits[1], logits[2], atol=1e-5, rtol=0)


def test_a_batch_is_normalised_as_for_imagenet(packed):
    data = packed(3)
    part = parts_of(data, "identity")["train"]
    [picture] = part.batch(torch.tensor([2]))
    row = part.table["row"][2]
    expected = (data.array[row] / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(picture.permute(1, 2, 0), expected, atol=1e-6)
    assert part.classes[part.labels[2]] == part.table["label"][2]


def test_a_split_of_another_array_is_refused(packed, tmp_path):
    data = packed(3)
    np.save(tmp_path / "images.npy", data.array[:10])
    with pytest.raises(InputError, match=r"points to row 47, .* has 10 rows"):
        open_array(tmp_path / "images.npy", data.path_to_split)


def test_a_loss_that_is_not_finite_stops_the_run(packed):
    trainer = trainer_of(packed(3), optimizer=SGD | {"learning_rate": 1e20})
    with pytest.raises(
        Diverged, match=r"not finite in epoch 1, batch 2, at learning rate 1e\+20: cross_entropy nan"
    ):
        trainer.run(say=quiet)
    assert trainer.history == []


def test_a_trainer_leaves_what_it_was_given(packed):
    """Teachers' logits and pictures are shared between arms."""
    data = packed(3)
    cached = teachers_logits(data)
    before, pictures = copy.deepcopy(cached), data.array.copy()
    trainer = trainer_of(data, run={"loss": DISTILLED}, cached=cached, epochs=1)
    trainer.run(say=quiet)
    assert torch.equal(cached.train, before.train)
    assert torch.equal(cached.validation, before.validation)
    assert np.array_equal(data.array, pictures)


class Witness(nn.Module):
    """A network that keeps the pictures it was shown."""

    def __init__(self, classes):
        super().__init__()
        self.layer, self.seen = nn.Linear(3, classes), []

    def forward(self, pictures):
        self.seen.append(pictures.detach().clone())
        return self.layer(pictures.mean(dim=(2, 3)))


def seen_in(precision, part):
    """The pictures that a teacher and a student are shown in a precision."""
    witness, device = Witness(3), Device("cpu", precision)
    predict_logits(witness, part, device, part.parameters(0))
    recipe = Recipe(epochs=1, batch_size=len(part), optimizer=SGD, selection="last")
    Trainer(
        Signals(witness, {"student", "labels"}, device=device),
        part,
        part,
        terms=load_terms(ALONE, {}),
        cached=None,
        recipe=recipe,
        views=1,
        seed=0,
        device=device,
    ).run(say=quiet)
    return witness.seen


def test_teacher_and_student_see_the_same_pictures_in_any_precision(packed):
    part = parts_of(packed(3))["train"]
    for single, half in zip(seen_in("float32", part), seen_in("bfloat16", part), strict=True):
        assert single.dtype == half.dtype == torch.float32
        assert torch.equal(single, half)


def test_losses_are_computed_in_single_precision_whatever_the_networks(packed):
    data = packed(3)
    teacher = online_teacher(data)
    asked = {"student", "teacher_projection", "student_map"}
    student = build_network("resnet", 3, 32, {"depth": 10})
    half = Signals(student, asked, device=Device("cpu", "bfloat16"), teacher=teacher)
    part, chosen = parts_of(data)["train"], torch.arange(4)
    pictures = [part.batch(chosen, part.parameters(0), turns) for turns in half.quarter_turns]
    for name, value in half.of(pictures, part.labels[chosen], {}).items():
        assert value.dtype == (torch.int64 if name == "labels" else torch.float32), name


def test_cuda_without_a_gpu_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="finds no CUDA device"):
        choose_device("cuda", "auto", 1)
    assert choose_device("auto", "float32", 1) == CPU


@pytest.mark.parametrize(("units", "expected"), [(True, "bfloat16"), (False, "float32")])
def test_the_precision_follows_the_processor_unless_it_is_given(units, expected, monkeypatch):
    monkeypatch.setattr("skinkd.device.multiplies_bfloat16", lambda: units)
    assert choose_device("cpu", "auto", 1).precision == expected
    assert choose_device("cpu", "float32", 1).precision == "float32"
