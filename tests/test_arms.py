"""Every arm of every paper, tiny: it trains, resumes to the same bits, and says what its terms weigh.

An arm is tested from the moment that a paper's file names it. Of arms that train alike, the first is
tested: `what_trains` says what tells two arms apart. Where only the numbers of an objective differ, the first
arm stands for all in the tests of resuming, of what is recorded, and of another number of classes.
"""

import json
import math
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from conftest import Packed
from no_waiting import trained_without_waiting
from training_examples import (
    CPU,
    RUN,
    TRAINING,
    assert_equal_bits,
    network_of,
    online_teacher,
    parts_of,
    quiet,
    teachers_logits,
)

from skinkd import strict_yaml
from skinkd.config import read_config
from skinkd.errors import InputError
from skinkd.losses import objective
from skinkd.runs import make_trainer
from skinkd.signatures import classes_of, minimum_classes
from skinkd.study import BASE, PAPERS, open_study
from skinkd.teachers import altered
from skinkd.training import Trainer
from skinkd.unfinished import resume, save_checkpoint

SIZE_PX = 33  # The least for which the last map of a network that divides by 32 has several positions.
CLASSES = (2, 8)
IMAGES = 32  # Half of them are the training part.
# Networks that no parameter makes small: their arms are tested once alone and once taught.
LARGE = ("inception_v3", "resnet101")
SHORT = {"epochs": 2, "batch_size": 8}


class Case(NamedTuple):
    """Where an arm stands."""

    paper: str
    protocol: str
    arm: str


def every_arm():
    """The demo's config, with all papers, protocols and arms that there are."""
    values = read_config(BASE)
    values["papers"] = sorted(path.stem for path in PAPERS.glob("*.yaml"))
    values["arms"] = {paper: dict.fromkeys(protocols_of(paper), "all") for paper in values["papers"]}
    values["protocols"] = sorted({protocol for arms in values["arms"].values() for protocol in arms})
    return open_study(values)


def protocols_of(paper):
    """The protocols of a paper, or of the one that it extends."""
    values = strict_yaml.load(PAPERS / f"{paper}.yaml")
    base = protocols_of(values["extends"]) if "extends" in values else {}
    return base | values.get("protocols", {})


STUDY = every_arm()


def what_trains(case):
    """All that a short training depends on: networks, objective, teaching, optimiser, sampler."""
    arm, training = STUDY.arm(*case), STUDY.training(*case)
    online = STUDY.teaches(*case) == "online"
    about = {
        "networks": [spec_of(case, name) for name in (case.arm, *(arm.teachers if online else ()))],
        "taught": [online, len(arm.teachers), arm.control],
    }
    if arm.network in LARGE:
        return about
    return about | {
        "loss": [term.model_dump() for term in arm.loss],
        "augmentation": STUDY.paper(case.paper, case.protocol).augmentation.name,
        **{key: training[key] for key in ("optimizer", "sampler", "plateau")},
    }


def spec_of(case, arm):
    """Name and parameters of an arm's network."""
    spec = STUDY.network(case.paper, case.protocol, arm)
    return {"name": spec["name"], **spec["parameters"]}


def what_runs(case):
    """The same without the objective's and the optimiser's numbers: what code a training runs through."""
    about = what_trains(case)
    if "loss" in about:
        about["loss"] = [_without_numbers(term) for term in about["loss"]]
        about["optimizer"] = _without_numbers(about["optimizer"])
    return about


def _without_numbers(values):
    return {key: value for key, value in values.items() if not isinstance(value, float)}


def different(cases, key):
    """The first case of each kind."""
    return list({json.dumps(key(case), sort_keys=True): case for case in reversed(cases)}.values())[::-1]


CASES = different([Case(*cell) for cell in STUDY.cells()], what_trains)
KINDS = different(CASES, what_runs)


def needed_classes(case):
    """The least number of classes for which all terms of an arm are defined."""
    return max(minimum_classes(term.name) for term in STUDY.arm(*case).loss)


def named(case, classes):
    """An arm and a number of classes as a parameter of a test."""
    return pytest.param((case, classes), id="-".join([*case, f"{classes}classes"]))


def own_classes(case):
    """Two or eight classes, whichever is nearer to an arm's own task."""
    return 2 if len(classes_of(STUDY.paper(case.paper, case.protocol).split.name)) == 2 else 8


def data_of(packed, classes):
    return packed(classes, images=IMAGES, size_px=SIZE_PX)


def trainer_of(case, data):
    """The trainer of an arm from seed 0; its teachers are untrained or made up."""
    torch.manual_seed(0)
    arm, kind = STUDY.arm(*case), STUDY.teaches(*case)
    run = {
        "loss": [term.model_dump() for term in arm.loss],
        "training": STUDY.training(*case) | SHORT,
        **{"views": 2, "seed": 0, "seed_offset": arm.seed_offset},
    }
    parts = parts_of(data, STUDY.paper(*case[:2]).augmentation.name)
    cached = teacher = None
    if kind == "cached":
        cached = altered(teachers_logits(data, len(arm.teachers)), arm.control, seed=0)
    if kind == "online":
        teacher = online_teacher(data, **spec_of(case, arm.teacher))
    torch.manual_seed(0)
    return make_trainer(network_of(data, **spec_of(case, case.arm)), parts, run, CPU, cached, teacher)


class Trained(NamedTuple):
    """An arm after its two short epochs, and a checkpoint from between them."""

    case: Case
    data: Packed
    trainer: Trainer
    path_to_checkpoint: Path


@pytest.fixture(scope="module", params=[named(case, own_classes(case)) for case in KINDS])
def trained(request, packed, tmp_path_factory):
    """Once for all tests of an arm."""
    (case, classes), path = request.param, tmp_path_factory.mktemp("arm") / "run.pt"
    data = data_of(packed, classes)
    trainer = trainer_of(case, data)

    def after_epoch(trainer):
        if len(trainer.history) == 1:
            save_checkpoint(path, trainer, "this run")

    trainer.run(say=quiet, after_epoch=after_epoch)
    yield Trained(case, data, trainer, path)
    path.unlink()  # All of them together would be gigabytes.


def test_an_arm_trains_and_says_what_its_terms_weigh(trained):
    history, terms = trained.trainer.history, range(1, len(trained.trainer.terms) + 1)
    assert [record["epoch"] for record in history] == [1, 2]
    for record in history:
        assert all(math.isfinite(value) for value in record.values())
        assert all(record[f"term{index}_value"] >= -1e-6 for index in terms)
        assert sum(record[f"term{index}_gradient"] for index in terms) == pytest.approx(1.0)
        assert {key for key in record if key.startswith("term")} == {
            f"term{index}_{what}" for index in terms for what in ("value", "gradient")
        }


def test_an_arm_resumes_to_the_same_bits(trained):
    resumed = trainer_of(trained.case, trained.data)
    torch.rand(7)  # Another state of the global generator.
    resume(trained.path_to_checkpoint, resumed, "this run", say=quiet)
    assert len(resumed.history) == 1
    resumed.run(say=quiet)
    assert resumed.history == trained.trainer.history
    for part in ("network", "helpers"):
        assert_equal_bits(resumed.state()[part], trained.trainer.state()[part])


@pytest.mark.parametrize("task", [named(case, own_classes(case)) for case in KINDS])
def test_no_step_of_an_arm_waits_for_the_device(task, packed):
    """No loss fetches a number in the middle of an epoch."""
    case, classes = task
    trainer = trainer_of(case, data_of(packed, classes))
    assert trained_without_waiting(trainer)[1] == len(trainer.batches(0))


@pytest.mark.parametrize(
    "task",
    [
        named(case, classes)
        for case in CASES
        for classes in CLASSES
        if classes >= needed_classes(case) and (case in KINDS or classes == own_classes(case))
    ],
)
def test_an_arm_lowers_its_loss_for_two_classes_and_for_eight(task, packed):
    """On one batch, by gradient descent; dropout repeats itself."""
    case, classes = task
    trainer = trainer_of(case, data_of(packed, classes))
    trainer.network.train()
    part, views = trainer.train_part, trainer._parameters(0)

    def loss():
        torch.manual_seed(0)
        return objective(trainer.terms, trainer.signals_of(part, torch.arange(len(part)), 0, views))

    for _ in range(2):
        before, after = descend(loss, [*trainer.network.parameters(), *trainer.helpers.parameters()])
        assert after < before


def descend(loss, parameters):
    """One step of gradient descent; the loss before and after it.

    The terms' slopes differ by orders of magnitude between arms, so no one rate serves them all. The
    step is Polyak's for a loss that shall fall by half a percent. Where a cross-entropy of soft targets
    lies nearer to its floor than that, the step is halved until the loss falls.
    """
    before = loss()
    gradients = torch.autograd.grad(before, parameters, materialize_grads=True)
    step = 0.005 * before.detach() / sum(gradient.square().sum() for gradient in gradients)
    with torch.no_grad():
        torch._foreach_sub_(parameters, [step * gradient for gradient in gradients])
        for _ in range(8):
            after = loss()
            if after < before:
                break
            step /= 2
            torch._foreach_add_(parameters, [step * gradient for gradient in gradients])
        return float(before), float(after)


UNDEFINED = {
    term.name: term.model_dump()
    for case in CASES
    for term in STUDY.arm(*case).loss
    if minimum_classes(term.name) > 2
}


@pytest.mark.parametrize("term", UNDEFINED.values(), ids=UNDEFINED)
def test_a_loss_that_two_classes_leave_undefined_is_refused(term, packed):
    """By the config, before anything runs, and by the function."""
    values = read_config(BASE)
    values["changes"]["demo"]["dsnet"]["arms"] = {"dsnet_t10": {"loss": [term]}}
    with pytest.raises(InputError, match=f"{term['name']} is undefined for 2 classes; it needs 3"):
        open_study(values)
    data = data_of(packed, 2)
    run = RUN | {"loss": [term], "training": TRAINING}
    trainer = make_trainer(network_of(data), parts_of(data), run, CPU, teachers_logits(data), None)
    with pytest.raises(InputError, match=f"{term['name']} got logits of 2 classes"):
        trainer.run(say=quiet)
