"""Students that step together end with the bits of their runs alone, whatever becomes of the others."""

import pytest
import torch
from training_examples import (
    ALONE,
    CPU,
    DISTILLED,
    IMITATING,
    RUN,
    SGD,
    TRAINING,
    Killed,
    assert_equal_bits,
    kill_after,
    network_of,
    online_teacher,
    parts_of,
    quiet,
    teachers_logits,
)

from skinkd import signals
from skinkd.dataset import Part
from skinkd.not_finite import Diverged
from skinkd.runs import make_trainer
from skinkd.together import run_together
from skinkd.unfinished import resume

MAPS = [*ALONE, {"name": "fitnet", "weight": 1.0, "adapter": "linear"}]
RELATIONS = [*ALONE, {"name": "distance_relation", "weight": 5.0}]
DROPOUT = ("resnet", {"depth": 10, "head": "dropout_batch_norm"})
RESNET = ("resnet", {"depth": 10})
MOBILE = ("mobilenet_v2", {"width": 0.35})
# One of each kind of arm; each has a network, a loss, and how it is taught.
KINDS = {
    "plain": (("dsnet", {}), ALONE, None),
    "dropout": (DROPOUT, ALONE, None),
    "cached": (DROPOUT, DISTILLED, "cached"),
    "maps": (RESNET, MAPS, "online"),
    "relations": (RESNET, RELATIONS, "online"),
    "turned": (MOBILE, IMITATING, "online"),
}


class Shared:
    """What students of one training part may have in common."""

    def __init__(self, data):
        self.data, self.parts = data, parts_of(data)
        self.told = {"cached": teachers_logits(data), "online": online_teacher(data)}

    def trainer(self, kind, seed=0, **training):
        """The trainer of a kind of arm."""
        (name, parameters), loss, how = KINDS[kind]
        taught = {"cached": None, "online": None} | ({how: self.told[how]} if how else {})
        run = RUN | {"loss": loss, "seed": seed, "training": TRAINING | training}
        torch.manual_seed(seed)
        network = network_of(self.data, name, **parameters)
        return make_trainer(network, self.parts, run, CPU, taught["cached"], taught["online"])


@pytest.fixture
def data(packed):
    return packed(3, images=48, size_px=33)


def alone(data, kind, **training):
    """An arm trained by itself, from parts and teachers of its own."""
    trainer = Shared(data).trainer(kind, **training)
    torch.rand(3)  # Another state of the global generator.
    trainer.run(say=quiet)
    return trainer


def assert_same_run(found, expected):
    """The same history, selection and weights, to the bit."""
    assert found.history == expected.history
    assert found.best_epoch == expected.best_epoch
    for part in ("network", "helpers"):
        assert_equal_bits(found.state()[part], expected.state()[part])


def run_quietly(trainers, **told):
    return run_together(trainers, say=[quiet] * len(trainers), **told)


@pytest.mark.parametrize("order", [1, -1], ids=["forwards", "backwards"])
def test_every_kind_of_arm_ends_with_the_bits_of_its_run_alone(order, data):
    """All kinds at once, in two orders: neither who is there nor who is first matters."""
    shared, kinds = Shared(data), list(KINDS)[::order]
    trainers = [shared.trainer(kind) for kind in kinds]
    assert run_quietly(trainers) == [None] * len(kinds)
    for kind, trainer in zip(kinds, trainers, strict=True):
        assert_same_run(trainer, alone(data, kind))


@pytest.mark.parametrize("companions", [1, 2, 3])
def test_the_number_of_companions_does_not_matter(companions, data):
    shared = Shared(data)
    trainers = [shared.trainer("dropout", learning) for learning in range(companions)]
    run_quietly(trainers)
    assert_same_run(trainers[0], alone(data, "dropout"))


def test_the_random_state_outside_is_left_alone(data):
    shared = Shared(data)
    trainers = [shared.trainer(kind) for kind in ("dropout", "plain")]
    before = torch.get_rng_state()
    run_quietly(trainers)
    assert torch.equal(torch.get_rng_state(), before)


def test_pictures_are_made_once_and_a_shared_teacher_looks_once(data, monkeypatch):
    """As often as for a single student, for which alone it is counted."""

    def work_of(kinds):
        shared, looks, made = Shared(data), [], []
        teacher = shared.told["online"].network
        teacher.register_forward_pre_hook(lambda network, given: looks.append(len(given[0])))
        augmentation = shared.parts["train"].augmentation
        with monkeypatch.context() as patch:
            apply = augmentation.apply
            patch.setattr(augmentation, "apply", lambda *given: made.append(len(given[0])) or apply(*given))
            trainers = [shared.trainer(kind) for kind in kinds]
            looks.clear()  # An adapter asks for the teacher's channels by a look of its own.
            run_quietly(trainers)
        return looks, made

    once = work_of(["maps"])
    parts = parts_of(data)
    assert sum(once[0]) == 3 * (len(parts["train"]) + len(parts["validation"]))
    assert sum(once[1]) == 3 * len(parts["train"])
    assert work_of(["maps", "relations", "maps", "plain", "cached"]) == once


def test_students_that_stop_early_or_diverge_leave_the_others_alone(data):
    shared, ended = Shared(data), []
    wild, tame = SGD | {"learning_rate": 1e20}, SGD | {"learning_rate": 1e-9}
    trainers = [
        shared.trainer("cached", optimizer=wild),
        shared.trainer("dropout"),
        shared.trainer(
            "plain", optimizer=tame, selection="validation_balanced_accuracy", early_stop_epochs=1
        ),
        shared.trainer("maps"),
    ]
    failures = run_quietly(trainers, at_end=lambda index, failure: ended.append((index, type(failure))))
    assert isinstance(failures[0], Diverged)
    assert failures[1:] == [None] * 3
    assert [len(trainer.history) for trainer in trainers] == [0, 3, 2, 3]
    assert ended == [(0, Diverged), (2, type(None)), (1, type(None)), (3, type(None))]
    for trainer, kind in ((trainers[1], "dropout"), (trainers[3], "maps")):
        assert_same_run(trainer, alone(data, kind))


def test_one_that_was_killed_earlier_catches_up(data, tmp_path):
    """It resumes where it was; the other starts at the beginning."""
    path = tmp_path / "run.pt"
    with pytest.raises(Killed):
        Shared(data).trainer("dropout").run(say=quiet, after_epoch=kill_after(2, path))
    shared = Shared(data)
    trainers = [shared.trainer("cached"), shared.trainer("dropout")]
    resume(path, trainers[1], "this run", say=quiet)
    assert [len(trainer.history) for trainer in trainers] == [0, 2]
    run_quietly(trainers)
    for trainer, kind in zip(trainers, ("cached", "dropout"), strict=True):
        assert_same_run(trainer, alone(data, kind))


def test_the_time_of_a_student_is_its_own(data, monkeypatch):
    """By a clock that only a student's own steps move: a second for each."""
    shared, clock = Shared(data), [0.0]
    trainers = [shared.trainer(kind) for kind in ("plain", "dropout", "cached")]
    for trainer in trainers:
        trainer._epoch = steps_of_a_second(trainer, clock)
    monkeypatch.setattr("skinkd.training.time.monotonic", lambda: clock[0])
    run_quietly(trainers)
    assert [trainer.runtime_s for trainer in trainers] == [3 * 5, 3 * 5, 3 * 5]


def test_students_that_share_pictures_and_looks_have_the_times_of_their_runs_alone(data, monkeypatch):
    """By a clock that only the making of pictures and the looks of the teacher move: a second for each."""
    clock = [0.0]
    monkeypatch.setattr("skinkd.training.time.monotonic", lambda: clock[0])
    for owner, name in ((Part, "_made"), (signals, "look_as_teacher")):
        monkeypatch.setattr(owner, name, a_second_later(getattr(owner, name), clock))
    shared = Shared(data)
    together = [shared.trainer(kind) for kind in ("maps", "relations", "plain")]
    run_quietly(together)
    alone = [Shared(data).trainer(kind) for kind in ("maps", "relations", "plain")]
    for trainer in alone:
        run_quietly([trainer])
    times = [trainer.runtime_s for trainer in together]
    assert times == [trainer.runtime_s for trainer in alone]
    assert times[0] == times[1] == 2 * times[2] > 0


def a_second_later(function, clock):
    """The function, after a second of the clock."""

    def slow(*arguments):
        clock[0] += 1.0
        return function(*arguments)

    return slow


def steps_of_a_second(trainer, clock):
    """Epochs of five steps, each of which takes a second and trains nothing."""
    record = {"train_loss": 0.0, "validation_loss": 0.0, "validation_balanced_accuracy": 0.0}

    def epoch():
        for step in range(5):
            clock[0] += 1.0
            if step < 4:
                yield
        trainer.history.append({"epoch": len(trainer.history) + 1, **record})

    return epoch
