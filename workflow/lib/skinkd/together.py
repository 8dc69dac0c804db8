"""Several students step in one process, in turn, on the same batches.

Every picture is made once for all of them, and a teacher that they share looks at it once. Each student
ends with the bits of its run alone: it has its own random state, learning rate, best weights and end.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import torch

from skinkd.progress import Progress
from skinkd.random_states import random_state, set_random_state
from skinkd.schedule import Schedule
from skinkd.training import Trainer


class Student:
    """A trainer that takes turns with others.

    Attributes:
        ended: whether it trained to its end, or failed.
        failure: what it failed with, or None.
    """

    def __init__(self, trainer: Trainer, say: Callable, after_epoch: Callable, after_batch: Callable):
        self.trainer, self.ended, self.failure = trainer, False, None
        self._steps = trainer.steps(say, after_epoch, after_batch)
        self._random = random_state()

    def step(self) -> None:
        """Train one more batch in the student's own random state; keep what goes wrong."""
        set_random_state(self._random)
        try:
            next(self._steps)
        except StopIteration:
            self.ended = True
        except Exception as failure:
            self.ended, self.failure = True, failure
        self._random = random_state()


def run_together(
    trainers: list[Trainer],
    say: list[Callable] | None = None,
    after_epoch: list[Callable] | None = None,
    after_batch: list[Callable] | None = None,
    at_end: Callable = lambda index, failure: None,
) -> list[Exception | None]:
    """Train each to its own end, a batch of one after a batch of the other.

    Trainers over the same parts share their pictures; those with the same teacher share its looks.

    Args:
        say: for each trainer, what takes its lines.
        after_epoch, after_batch: for each trainer, what is called with it after each of its epochs and
            batches, see `Trainer.run`.
        at_end: called with the index of each trainer as it ends, and what it failed with, or None.

    Returns:
        for each trainer what it failed with, or None; no failure ends the others' training.
    """
    say = say or [print] * len(trainers)
    after_epoch, after_batch = (calls or [_nothing] * len(trainers) for calls in (after_epoch, after_batch))
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng())
        stack.enter_context(_sharing(trainers))
        after_epoch = _counted(trainers, after_epoch, stack)
        students = [Student(*told) for told in zip(trainers, say, after_epoch, after_batch, strict=True)]
        for index in _turns(students):
            students[index].step()
            if students[index].ended:
                at_end(index, students[index].failure)
    return [student.failure for student in students]


def _turns(students: list[Student]) -> Iterator[int]:
    """Whose turn it is, until all have ended; those who are behind, as after a resumption, catch up first."""
    while going := [index for index, student in enumerate(students) if not student.ended]:
        epochs = {index: len(students[index].trainer.history) for index in going}
        yield from [index for index in going if epochs[index] == min(epochs.values())]


@contextmanager
def _sharing(trainers: list[Trainer]) -> Iterator[None]:
    """One schedule for all, and parts that remember their latest batch."""
    schedule = Schedule()
    for trainer in trainers:
        trainer.schedule = schedule
    parts = {id(part): part for trainer in trainers for part in (trainer.train_part, trainer.validation_part)}
    with ExitStack() as stack:
        for part in parts.values():
            stack.enter_context(part.sharing())
        yield


def _counted(trainers: list[Trainer], after_epoch: list[Callable], stack: ExitStack) -> list[Callable]:
    """The calls after an epoch, each of which also moves one bar for all students."""
    total, done = sum(t.recipe.epochs for t in trainers), sum(len(t.history) for t in trainers)
    title = "training" if len(trainers) == 1 else f"training {len(trainers)} together"
    bar = stack.enter_context(Progress(title, total=total, unit="epochs", initial=done, say=_nothing))

    def counted(call):
        def and_count(trainer):
            call(trainer)
            bar.advance()

        return and_count

    return [counted(call) for call in after_epoch]


def _nothing(_) -> None:
    """Do nothing."""
