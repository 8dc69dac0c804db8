"""Training learns, repeats bit by bit, survives being killed, and refuses targets of another run."""

import copy
import math

import numpy as np
import pandas as pd
import pytest
import torch
from cache_targets import cache_targets
from predict import predict
from safetensors import safe_open
from torch import nn
from train import train

from skinkd.atomic import digest_of
from skinkd.checkpoints import (
    fingerprint_of,
    load_network,
    read_description,
    resume,
    save_checkpoint,
    save_network,
)
from skinkd.dataset import Part, open_array, predict_logits
from skinkd.device import Device, choose_device
from skinkd.errors import InputError
from skinkd.losses import load_terms, objective
from skinkd.networks import build_network
from skinkd.predictions import read_predictions
from skinkd.signatures import names_in
from skinkd.targets import compute_targets, describe_targets, read_targets, write_targets
from skinkd.training import Recipe, TeacherLogits, Trainer, make_optimizer, whole_batches

CPU = Device("cpu", "float32")
FAMILIES = [
    ("dsnet", {}),
    ("mobilenet_v2", {"width": 0.35}),
    ("resnet", {"depth": 10}),
    ("resnet", {"depth": 10, "head": "dropout_batch_norm"}),
]
SOFT = {"temperature": 4.0, "scaled": True}
OBJECTIVES = {
    "cross_entropy": {},
    "weighted_cross_entropy": {},
    "softened_divergence": SOFT,
    "softened_cross_entropy": SOFT,
}
SGD = {"name": "sgd", "learning_rate": 0.02, "momentum": 0.9, "weight_decay": 1e-3}
DISTILLED = [
    {"name": "weighted_cross_entropy", "weight": 0.5},
    {"name": "softened_divergence", "weight": 0.5, **SOFT},
]


def parts_of(data, augmentation="ssd_kd", view_seed=0):
    """Training and validation part of packed pictures."""
    return [
        Part(
            data.array,
            data.split[data.split["part"] == name],
            data.classes,
            augmentation=augmentation,
            view_seed=view_seed,
            device="cpu",
        )
        for name in ("train", "validation")
    ]


def recipe_of(**changes):
    """A recipe of three epochs."""
    usual = {
        "epochs": 3,
        "batch_size": 8,
        "optimizer": SGD,
        "plateau": None,
        "early_stop_epochs": None,
        "selection": "validation_loss",
    }
    return Recipe(**usual | changes)


def trainer_of(data, *, terms=None, teacher=None, network=("dsnet", {}), seed=0, **changes):
    """A small trainer from a seed."""
    torch.manual_seed(seed)
    train_part, validation = parts_of(data)
    built = build_network(network[0], len(data.classes), data.array.shape[1], network[1])
    return Trainer(
        built,
        train_part,
        validation,
        terms=load_terms(terms or [{"name": "cross_entropy", "weight": 1.0}], train_part.class_counts()),
        teacher=teacher,
        recipe=recipe_of(**changes),
        views=2,
        seed=seed,
        device=CPU,
    )


def teacher_of(data, seed=9):
    """Logits that favour the label, as a teacher's would."""
    generator = torch.Generator().manual_seed(seed)
    train_part, validation = parts_of(data)
    logits = [
        torch.randn(*shape, len(data.classes), generator=generator)
        + 3 * nn.functional.one_hot(part.labels, len(data.classes))
        for part, shape in ((train_part, (2, len(train_part))), (validation, (len(validation),)))
    ]
    return TeacherLogits(*logits)


def quiet(_):
    """Says nothing."""


def weights_of(network):
    return {key: value.clone() for key, value in network.state_dict().items()}


def assert_equal_bits(found, expected):
    assert found.keys() == expected.keys()
    for key in expected:
        assert torch.equal(found[key], expected[key]), key


def test_every_loss_is_trained_here():
    assert set(OBJECTIVES) == set(names_in("losses"))
    assert {name for name, _ in FAMILIES} == set(names_in("networks"))


@pytest.mark.parametrize("classes", [2, 8])
@pytest.mark.parametrize("loss", OBJECTIVES)
@pytest.mark.parametrize(("name", "parameters"), FAMILIES)
def test_two_steps_lower_the_loss(name, parameters, loss, classes, packed):
    """On one batch at 64 px, where batch norm has enough to average, and without dropout's noise."""
    torch.manual_seed(0)
    data = packed(classes, size_px=64)
    part = parts_of(data, "identity")[0]
    network = build_network(name, classes, 64, parameters).train()
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    chosen = torch.arange(16)
    labels, teacher = part.labels[chosen], teacher_of(data).train[0][chosen]
    terms = load_terms([{"name": loss, "weight": 1.0, **OBJECTIVES[loss]}], part.class_counts())
    optimizer = make_optimizer(network, "sgd", 1e-4, 0.0, 0.0)
    values = []
    for _ in range(3):
        value = objective(terms, network(part.batch(chosen)), teacher, labels)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        values.append(float(value.detach()))
    assert values[2] < values[1] < values[0]


def test_a_distilled_student_learns(packed):
    data = packed(3, images=96)
    trainer = trainer_of(data, terms=DISTILLED, teacher=teacher_of(data), epochs=6)
    before, _ = trainer.validate()
    trainer.run(say=quiet)
    assert trainer.history[-1]["train_loss"] < trainer.history[0]["train_loss"]
    assert trainer.history[trainer.best_epoch - 1]["validation_balanced_accuracy"] > 0.6
    assert trainer.validate()[0] < before


@pytest.mark.parametrize("network", [("dsnet", {}), ("resnet", {"depth": 10, "head": "dropout_batch_norm"})])
def test_training_repeats_bit_by_bit(network, packed):
    runs = [trainer_of(packed(3), network=network, epochs=2) for _ in range(2)]
    for index, trainer in enumerate(runs):
        torch.rand(index)  # Another state of the global generator.
        trainer.run(say=quiet)
    assert runs[0].history == runs[1].history
    assert_equal_bits(weights_of(runs[0].network), weights_of(runs[1].network))


def test_another_seed_trains_another_network(packed):
    runs = [trainer_of(packed(3), seed=seed, epochs=1) for seed in (0, 1)]
    for trainer in runs:
        trainer.run(say=quiet)
    assert runs[0].history != runs[1].history


class Killed(Exception):
    """Stands for a job that was killed."""


def kill_after(epochs, path):
    """A hook that saves a checkpoint each epoch and ends the run after some."""

    def after_epoch(trainer):
        save_checkpoint(path, trainer, "this run")
        if len(trainer.history) == epochs:
            raise Killed

    return after_epoch


LONG = {
    "epochs": 9,
    "optimizer": SGD,
    "plateau": {"factor": 0.5, "patience": 1, "minimum": 1e-4},
    "early_stop_epochs": 4,
}


def unlearnable(data):
    """The same pictures with shuffled labels: validation soon worsens."""
    labels = np.random.default_rng(0).permutation(data.split["label"])
    return data._replace(split=data.split.assign(label=labels))


@pytest.mark.parametrize("epochs", [1, 2, 3, 4])
def test_a_killed_run_resumes_to_the_same_bits(epochs, packed, tmp_path):
    data, path = unlearnable(packed(3)), tmp_path / "work" / "run.pt"
    uninterrupted = trainer_of(data, **LONG)
    uninterrupted.run(say=quiet)
    rates = [record["learning_rate"] for record in uninterrupted.history]
    assert min(rates) < max(rates), "the plateau was never reached"
    assert epochs < len(uninterrupted.history) < LONG["epochs"], "it never stopped early"

    killed = trainer_of(data, **LONG)
    with pytest.raises(Killed):
        killed.run(say=quiet, after_epoch=kill_after(epochs, path))
    said, resumed = [], trainer_of(data, seed=0, **LONG)
    torch.rand(5)
    resume(path, resumed, "this run", say=said.append)
    assert said == [f"resuming after epoch {epochs}"]
    for name in ("best_value", "best_epoch", "plateau_epochs", "history"):
        assert getattr(resumed, name) == getattr(killed, name), name
    resumed.run(say=quiet)
    assert resumed.history == uninterrupted.history
    assert resumed.best_epoch == uninterrupted.best_epoch
    assert_equal_bits(weights_of(resumed.network), weights_of(uninterrupted.network))


def test_a_run_killed_after_its_last_epoch_trains_no_further(packed, tmp_path):
    path, data = tmp_path / "run.pt", packed(3)
    with pytest.raises(Killed):
        trainer_of(data, epochs=2).run(say=quiet, after_epoch=kill_after(2, path))
    resumed = trainer_of(data, epochs=2)
    resume(path, resumed, "this run", say=quiet)
    resumed.run(say=quiet, after_epoch=lambda trainer: pytest.fail("it trained another epoch"))
    assert_equal_bits(weights_of(resumed.network), resumed.best_state)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("damage", "fingerprint", "expected"),
    [
        (
            lambda path: None,
            "another run",
            "belongs to another config, other data or other code; starting over",
        ),
        (cut, "this run", "cannot be read"),
        (lambda path: path.write_bytes(b""), "this run", "cannot be read"),
        (lambda path: torch.save([1, 2], path), "this run", "belongs to another config"),
    ],
    ids=["another config", "cut in half", "empty", "something else"],
)
def test_a_checkpoint_that_does_not_fit_is_not_used_and_it_says_so(
    damage, fingerprint, expected, packed, tmp_path
):
    path, data = tmp_path / "run.pt", packed(3)
    with pytest.raises(Killed):
        trainer_of(data).run(say=quiet, after_epoch=kill_after(1, path))
    damage(path)
    fresh, said = trainer_of(data), []
    before = weights_of(fresh.network)
    resume(path, fresh, fingerprint, say=said.append)
    assert len(said) == 1
    assert expected in said[0]
    assert "starting over" in said[0]
    assert fresh.history == []
    assert_equal_bits(weights_of(fresh.network), before)


def test_without_a_checkpoint_nothing_is_said(packed, tmp_path):
    resume(tmp_path / "none.pt", trainer_of(packed(3)), "", say=pytest.fail)


def test_a_fingerprint_changes_with_every_file_and_value(tmp_path):
    path = tmp_path / "split.csv"
    path.write_text("one", encoding="utf-8")
    base = fingerprint_of(paths=[path], values={"epochs": 3, "network": {"depth": 10}})
    assert base == fingerprint_of(paths=[path], values={"network": {"depth": 10}, "epochs": 3})
    assert base != fingerprint_of(paths=[path], values={"epochs": 4, "network": {"depth": 10}})
    assert base != fingerprint_of(paths=[path], values={"epochs": 3, "network": {"depth": 18}})
    path.write_text("two", encoding="utf-8")
    assert base != fingerprint_of(paths=[path], values={"epochs": 3, "network": {"depth": 10}})


class Scripted(Trainer):
    """A trainer whose epochs end with the validation values that it was given."""

    def scripted(self, values):
        self.values = iter(values)
        return self

    def _train(self, epoch):
        with torch.no_grad():
            next(self.network.parameters()).fill_(epoch + 1)
        return 0.0

    def validate(self):
        return next(self.values)


def scripted(data, values, **changes):
    """Run a trainer on (validation loss, balanced accuracy) of each epoch; the weights name the epoch."""
    train_part, validation = parts_of(data)
    trainer = Scripted(
        nn.Linear(1, 1),
        train_part,
        validation,
        terms=[],
        teacher=None,
        recipe=recipe_of(**{"epochs": len(values)} | changes),
        views=1,
        seed=0,
        device=CPU,
    ).scripted(values)
    trainer.run(say=quiet)
    return trainer


@pytest.mark.parametrize(
    ("selection", "expected"),
    [("last", 5), ("validation_loss", 4), ("validation_balanced_accuracy", 2)],
)
def test_each_rule_selects_its_epoch(selection, expected, packed):
    """The earliest of equal epochs."""
    values = [(0.9, 0.3), (0.5, 0.8), (0.7, 0.8), (0.4, 0.5), (0.4, 0.6)]
    trainer = scripted(packed(2), values, selection=selection)
    assert trainer.best_epoch == expected
    assert float(trainer.network.weight.detach()) == expected


def test_the_rate_falls_after_patience_epochs_and_not_below_its_minimum(packed):
    """Best in epoch 1; with patience 1, epochs 2 and 3 are one too many, and so are 4 and 5, ..."""
    trainer = scripted(
        packed(2),
        [(0.1, 0.5)] + [(0.2, 0.5)] * 8,
        optimizer=SGD | {"learning_rate": 1.0},
        plateau={"factor": 0.1, "patience": 1, "minimum": 0.005},
    )
    rates = [record["learning_rate"] for record in trainer.history]
    assert rates == pytest.approx([1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.005, 0.005])


def test_the_plateau_is_torchs(packed):
    """ReduceLROnPlateau, stepped with the same values, gives the same rates."""
    losses = [0.5, 0.6, 0.4, 0.45, 0.5, 0.55, 0.6, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55]
    plateau = {"factor": 0.3, "patience": 2, "minimum": 0.01}
    ours = scripted(
        packed(2),
        [(loss, 0.5) for loss in losses],
        optimizer=SGD | {"learning_rate": 1.0},
        plateau=plateau,
    )
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.3, patience=2, min_lr=0.01, threshold=0
    )
    theirs = []
    for loss in losses:
        theirs.append(optimizer.param_groups[0]["lr"])
        scheduler.step(loss)
    assert [record["learning_rate"] for record in ours.history] == pytest.approx(theirs)
    assert min(theirs) < 0.1


def test_training_stops_after_too_many_epochs_without_a_better_one(packed):
    values = [(0.5, 0.5), (0.4, 0.5), (0.6, 0.5), (0.6, 0.5), (0.6, 0.5), (0.1, 0.5)]
    trainer = scripted(packed(2), values, early_stop_epochs=3)
    assert len(trainer.history) == 5
    assert trainer.best_epoch == 2


def test_a_loss_that_is_not_finite_stops_the_run(packed):
    trainer = trainer_of(packed(3), optimizer=SGD | {"learning_rate": 1e20})
    with pytest.raises(InputError, match=r"not finite in epoch 1 at learning rate 1e\+20"):
        trainer.run(say=quiet)
    assert trainer.history == []


def test_epochs_take_the_views_in_turn(packed):
    """Epoch e uses view e modulo views, and the teacher's answers to that very view."""
    data = packed(3)
    teacher = teacher_of(data)
    trainer = trainer_of(data, terms=DISTILLED, teacher=teacher, epochs=1)
    seen = []
    trainer.terms = [("spy", 1.0, lambda s, t, labels: seen.append((t, labels)) or s.sum(dim=1))]
    for epoch in range(3):
        seen.clear()
        trainer._train(epoch)
        answers, labels = (torch.cat(parts) for parts in zip(*seen, strict=True))
        order = torch.from_numpy(np.random.default_rng([0, epoch, 1]).permutation(len(trainer.train_part)))
        torch.testing.assert_close(answers, teacher.train[epoch % 2][order])
        assert torch.equal(labels, trainer.train_part.labels[order])


@pytest.mark.parametrize("batch_size", [2, 3, 8, 64])
@pytest.mark.parametrize("images", [2, 3, 9, 16, 17, 64, 65])
def test_no_batch_is_a_single_image(images, batch_size):
    batches = whole_batches(torch.arange(images), batch_size)
    assert torch.equal(torch.cat(batches), torch.arange(images))
    assert all(2 <= len(batch) <= batch_size + 1 for batch in batches)


def test_batch_norm_never_meets_a_single_image(packed):
    head = ("resnet", {"depth": 10, "head": "dropout_batch_norm"})
    trainer = trainer_of(packed(3, images=33), network=head, epochs=1, batch_size=17)
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
    part = parts_of(data, "identity")[0]
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


def test_a_saved_network_is_the_network(packed, tmp_path):
    trainer = trainer_of(packed(3), network=("resnet", {"depth": 10}), epochs=1)
    trainer.run(say=quiet)
    description = {
        "network": {"name": "resnet", "parameters": {"depth": 10}},
        "classes": ["C0", "C1", "C2"],
        "size_px": 32,
    }
    save_network(tmp_path / "network.safetensors", trainer.network, description)
    loaded, read = load_network(tmp_path / "network.safetensors")
    assert read == description == read_description(tmp_path / "network.safetensors")
    assert_equal_bits(weights_of(loaded), weights_of(trainer.network))


@pytest.mark.parametrize("content", [b"", b"not a network", None])
def test_a_file_that_is_no_network_is_refused(content, tmp_path):
    path = tmp_path / "network.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="is not a network of this project"):
        read_description(path)


RUN = {
    "paper": "a_paper",
    "protocol": "leak_free",
    "arm": "teacher",
    "fold": 0,
    "seed": 0,
    "source": "noise",
    "network": {"name": "dsnet", "parameters": {}},
    "initial": None,
    "loss": [{"name": "cross_entropy", "weight": 1.0}],
    "training": {
        "epochs": 2,
        "batch_size": 8,
        "optimizer": SGD,
        "plateau": None,
        "early_stop_epochs": None,
    },
    "selection": "last",
    "augmentation": "ssd_kd",
    "views": 2,
    "view_seed": 0,
}
DEVICE = {"name": "cpu", "precision": "float32", "threads": 1}


def run_train(data, folder, *, run=RUN, teacher=None, targets=None, code=(), name="network"):
    """The job `train`; the path of its network."""
    train(
        path_to_array=data.path_to_array,
        path_to_split=data.path_to_split,
        path_to_summary=data.path_to_summary,
        path_to_initial=None,
        path_to_teacher=teacher,
        path_to_targets=targets,
        paths_to_code=code,
        run=run,
        device=DEVICE,
        path_to_checkpoint=folder / "work" / f"{name}.pt",
        path_to_network=folder / f"{name}.safetensors",
        path_to_history=folder / f"{name}.csv",
    )
    return folder / f"{name}.safetensors"


def run_cache(data, folder, teacher, **changes):
    """The job `cache_targets`; the path of its targets."""
    how = {"views": 2, "view_seed": 0, "augmentation": "ssd_kd"} | changes
    path = folder / "targets.safetensors"
    cache_targets(data.path_to_array, data.path_to_split, teacher, **how, device=DEVICE, path_to_targets=path)
    return path


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


def test_a_job_writes_network_history_and_no_checkpoint(distillation):
    data, teacher, _ = distillation
    network, description = load_network(teacher)
    history = pd.read_csv(teacher.with_suffix(".csv"))
    assert history["epoch"].tolist() == [1, 2]
    assert description["best_epoch"] == 2
    assert description["classes"] == list(data.classes)
    assert description["split"] == digest_of(data.path_to_split)
    assert description["parameters"] == sum(parameter.numel() for parameter in network.parameters())
    assert not (teacher.parent / "work" / "teacher.pt").exists()


def test_cached_targets_are_what_the_teacher_says_online(distillation):
    data, teacher, targets = distillation
    network, _ = load_network(teacher)
    train_part, validation = parts_of(data)
    logits = read_targets(targets, header_of(data, teacher), train_part, "cpu")
    for view in range(2):
        parameters = train_part.parameters(view)
        chosen = torch.randperm(len(train_part), generator=torch.Generator().manual_seed(view))[:7]
        with torch.no_grad():
            online = network.eval()(train_part.batch(chosen, parameters))
        torch.testing.assert_close(logits.train[view][chosen], online, atol=1e-5, rtol=0)
        with safe_open(targets, "pt") as file:
            assert torch.equal(file.get_tensor("parameters")[view], parameters)
    torch.testing.assert_close(logits.validation, predict_logits(network, validation, CPU), atol=1e-5, rtol=0)


def test_targets_of_this_run_are_used(distillation, tmp_path):
    data, teacher, targets = distillation
    run = RUN | {"arm": "student", "loss": DISTILLED}
    student = run_train(data, tmp_path, run=run, teacher=teacher, targets=targets)
    assert read_description(student)["arm"] == "student"


@pytest.fixture
def stale(distillation, packed, tmp_path):
    """What a student may find changed since the targets were made."""
    data, *_ = distillation
    other = packed(3, seed=1)
    retrained = run_train(data, tmp_path, run=RUN | {"seed": 1}, name="retrained")
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
    part = parts_of(data)[0]
    for entry, change in stale.items():
        with pytest.raises(InputError, match=f": {entry} was .*, is ") as error:
            read_targets(targets, header_of(data, teacher, **change), part, "cpu")
        named = [key for key in expected if f"{key} was " in str(error.value)]
        assert named == [entry]
    everything = {key: value for change in stale.values() for key, value in change.items()}
    with pytest.raises(InputError) as error:
        read_targets(targets, header_of(data, teacher, **everything), part, "cpu")
    assert all(f"{entry} was " in str(error.value) for entry in expected)


def test_the_job_refuses_a_retrained_teacher(stale, distillation, tmp_path):
    data, _, targets = distillation
    run = RUN | {"arm": "student", "loss": DISTILLED}
    with pytest.raises(InputError, match="teacher was"):
        run_train(data, tmp_path, run=run, teacher=stale["teacher"]["path_to_teacher"], targets=targets)
    assert not (tmp_path / "network.safetensors").exists()


def test_targets_of_another_number_of_images_or_other_views_are_refused(distillation, tmp_path):
    data, teacher, targets = distillation
    header, part = header_of(data, teacher), parts_of(data)[0]
    with safe_open(targets, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in ("train", "validation", "parameters")}
    shorter = tensors | {"train": tensors["train"][:, 1:].contiguous()}
    write_targets(tmp_path / "shorter.safetensors", shorter, header)
    with pytest.raises(InputError, match=f"{len(part) - 1} images, the training part has {len(part)}"):
        read_targets(tmp_path / "shorter.safetensors", header, part, "cpu")
    turned = tensors | {"parameters": tensors["parameters"] + 1}
    write_targets(tmp_path / "turned.safetensors", turned, header)
    with pytest.raises(InputError, match="the views were drawn otherwise than here"):
        read_targets(tmp_path / "turned.safetensors", header, part, "cpu")


def test_damaged_targets_are_refused(distillation, tmp_path):
    data, teacher, targets = distillation
    path = tmp_path / "targets.safetensors"
    path.write_bytes(targets.read_bytes()[:100])
    with pytest.raises(InputError, match=r"targets\.safetensors"):
        read_targets(path, header_of(data, teacher), parts_of(data)[0], "cpu")


def test_a_teacher_without_finite_logits_gives_no_targets(packed):
    network = build_network("dsnet", 3, 32, {})
    nn.init.constant_(network.classifier.bias, math.nan)
    with pytest.raises(InputError, match="the teacher's logits are not finite"):
        compute_targets(network, *parts_of(packed(3)), CPU, views=1, say=quiet)


def test_a_killed_job_resumes_unless_its_config_or_code_changed(packed, tmp_path, capsys, monkeypatch):
    data, code = packed(3), tmp_path / "loss.py"
    code.write_text("before", encoding="utf-8")
    expected = run_train(data, tmp_path, code=[code], name="uninterrupted").read_bytes()

    def kill():
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr("train.save_checkpoint", killing_save)
            run_train(data, tmp_path, code=[code])
        capsys.readouterr()

    kill()
    assert run_train(data, tmp_path, code=[code]).read_bytes() == expected
    assert "resuming after epoch 1" in capsys.readouterr().out
    kill()
    assert run_train(data, tmp_path, code=[code], run=RUN | {"seed": 1}).read_bytes() != expected
    assert "starting over" in capsys.readouterr().out
    kill()
    code.write_text("after", encoding="utf-8")
    run_train(data, tmp_path, code=[code])
    assert "starting over" in capsys.readouterr().out


def killing_save(path, trainer, fingerprint):
    save_checkpoint(path, trainer, fingerprint)
    raise Killed


def test_predictions_are_the_networks_logits_of_validation_and_test(distillation, tmp_path):
    data, teacher, _ = distillation
    predict(data.path_to_array, data.path_to_split, teacher, DEVICE, tmp_path / "predictions.csv")
    found = read_predictions(tmp_path / "predictions.csv")
    assert set(found.parts) == {"validation", "test"}
    network, _ = load_network(teacher)
    validation = parts_of(data)[1]
    rows = found.parts == "validation"
    assert found.images[rows].tolist() == validation.table["image"].tolist()
    np.testing.assert_allclose(found.logits[rows], predict_logits(network, validation, CPU), atol=1e-4)


def test_a_network_of_another_split_predicts_nothing(distillation, packed, tmp_path):
    _, teacher, _ = distillation
    other = packed(3, seed=1)
    with pytest.raises(InputError, match="was trained on another split"):
        predict(other.path_to_array, other.path_to_split, teacher, DEVICE, tmp_path / "predictions.csv")
    assert not (tmp_path / "predictions.csv").exists()


def test_cuda_without_a_gpu_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="finds no CUDA device"):
        choose_device("cuda", "auto", 1)
    assert choose_device("auto", "float32", 1) == CPU


@pytest.mark.parametrize(
    ("units", "network", "expected"),
    [(True, "resnet", "bfloat16"), (True, "mobilenet_v2", "float32"), (False, "resnet", "float32")],
)
def test_the_precision_follows_processor_and_network(units, network, expected, monkeypatch):
    monkeypatch.setattr("skinkd.device.has_matrix_units", lambda: units)
    parameters = {"depth": 10} if network == "resnet" else {}
    built = build_network(network, 2, 32, parameters)
    assert Device("cpu", "auto").for_network(built).precision == expected
    assert Device("cuda", "auto").for_network(built).precision == "bfloat16"
    assert Device("cpu", "float32").for_network(built).precision == "float32"


def test_a_trainer_leaves_what_it_was_given(packed):
    """Teacher's logits and pictures are shared between arms."""
    data = packed(3)
    teacher = teacher_of(data)
    before = copy.deepcopy(teacher)
    trainer = trainer_of(data, terms=DISTILLED, teacher=teacher, epochs=1)
    trainer.run(say=quiet)
    assert torch.equal(teacher.train, before.train)
    assert torch.equal(teacher.validation, before.validation)
    assert np.array_equal(trainer.train_part.pictures, data.array[trainer.train_part.table["row"]])


class Witness(torch.nn.Module):
    """A network that keeps the pictures it was shown."""

    def __init__(self, classes):
        super().__init__()
        self.layer, self.seen = torch.nn.Linear(3, classes), []

    def forward(self, pictures):
        self.seen.append(pictures.detach().clone())
        return self.layer(pictures.mean(dim=(2, 3)))


def test_teacher_and_student_see_the_same_pictures_in_any_precision(packed):
    made = packed(3)
    seen = {}
    for precision in ("float32", "bfloat16"):
        part = Part(made.array, made.split, made.classes, augmentation="ssd_kd", view_seed=0, device="cpu")
        witness = Witness(3)
        predict_logits(witness, part, Device("cpu", precision), part.parameters(0))
        recipe = Recipe(
            epochs=1,
            batch_size=len(part),
            optimizer={"name": "sgd", "learning_rate": 0.1, "momentum": 0.0, "weight_decay": 0.0},
            plateau=None,
            early_stop_epochs=None,
            selection="last",
        )
        terms = load_terms([{"name": "cross_entropy", "weight": 1.0}], part.class_counts())
        Trainer(
            witness,
            part,
            part,
            terms=terms,
            teacher=None,
            recipe=recipe,
            views=1,
            seed=0,
            device=Device("cpu", precision),
        ).run(say=lambda _: None)
        seen[precision] = witness.seen
    for single, half in zip(seen["float32"], seen["bfloat16"], strict=True):
        assert single.dtype == half.dtype == torch.float32
        assert torch.equal(single, half)
