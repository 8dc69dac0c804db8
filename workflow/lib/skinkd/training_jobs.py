"""A job of training: it trains its own student, perhaps with companions, or takes what one of them made."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import torch

from skinkd.claims import Claim, WithoutLocks
from skinkd.companions import Pool, TrainingJob
from skinkd.deliveries import deliver, discard, fits, path_to_delivery, take
from skinkd.errors import InputError
from skinkd.interruptions import Interrupted, Interruption
from skinkd.not_finite import Diverged
from skinkd.out_of_memory import asked_by, no_room
from skinkd.student_runs import Materials, StudentRun, open_run
from skinkd.together import run_together
from skinkd.unfinished import Keeper, forget_checkpoint, resume


class Companion(NamedTuple):
    """Another job, and the right to train its student."""

    job: TrainingJob
    claim: Claim


def do(job: TrainingJob, pools: Sequence[Pool] = ()) -> float:
    """Make the outputs of `job`; the seconds in which nothing was done but to wait for another job.

    Where another job is training its student, this one trains others meanwhile, and then waits.

    Args:
        pools: its own first; nothing for a job that steps with no other.

    Raises:
        InputError: where an input is wrong, a network diverged that others would learn from, the student has
            no room on the GPU, or an orphan of another run of the graph still trains it.
        Interrupted: where it was asked to stop, or students had no room together.
        OSError: where the disk is full.
    """
    materials = Materials([job, *(other for pool in pools for other in pool.jobs)])
    own, others = Claim(job.place), Others(job, pools, materials)
    if not pools:
        _hold_alone(own)
    while pools and not own.take():
        if companions := others.instead_of_waiting():
            _train(None, companions, materials, others.limit)
        else:
            print("another job trains this student together with its own; waiting for it")
            own.take(wait=True)
    try:
        if not _take_delivery(job, materials):
            _train(job, others.beside_own(), materials, others.limit)
        _forget_unfinished(job)
    finally:
        own.release()
    return own.waited_s


def _hold_alone(own: Claim) -> None:
    """Take the claim of a job that nobody else may train.

    Raises:
        InputError: where somebody does.
    """
    try:
        taken = own.take()
    except WithoutLocks:
        print(f"{own.path} cannot be locked: nothing keeps another run from training this student, too")
        return
    if not taken:
        raise InputError(
            "training",
            f"{own.path.with_suffix('')} is being trained by {own.holder()}",
            "Both would write the same files",
            "wait for it, or end it, and run again",
        )


class Others:
    """The jobs whose students the process of `job` may train.

    Attributes:
        tried: places of those that it has trained, or has failed to: none of them is tried twice.
    """

    def __init__(self, job: TrainingJob, pools: Sequence[Pool], materials: Materials):
        self.job, self.pools, self.materials = job, pools, materials
        self.tried: set[Path] = set()

    def beside_own(self) -> list[Companion]:
        """Companions of the job's own student."""
        return self._claimed(self.pools[0], self._share(self.pools[0]) - 1) if self.pools else []

    def instead_of_waiting(self) -> list[Companion]:
        """Companions that could step together and that nobody trains, from the first pool that has any."""
        return next(filter(None, (self._claimed(pool, self._share(pool)) for pool in self.pools)), [])

    def limit(self, students: int) -> None:
        """Have fewer students step together, so many at most."""
        self.pools = [pool.limit(students) for pool in self.pools]

    def _share(self, pool: Pool) -> int:
        return pool.share(self._is_delivered)

    def _claimed(self, pool: Pool, most: int) -> list[Companion]:
        """At most so many companions that are ready to be trained and now are this process's own."""
        claimed: list[Companion] = []
        for other in pool.ready_for(self.job, self._is_delivered):
            claim = Claim(other.place)
            if len(claimed) < most and other.place not in self.tried and claim.take():
                # Another process may have finished it between the look and the claim.
                if other in pool.unfinished(self._is_delivered):
                    self.tried.add(other.place)
                    claimed.append(Companion(other, claim))
                else:
                    claim.release()
        return claimed

    def _is_delivered(self, other: TrainingJob) -> bool:
        """Whether results of the code, config and data of this process wait for another job."""
        if not path_to_delivery(other.place).exists():
            return False
        try:
            return fits(other.place, self.materials.fingerprint_of(other), other.written)
        except FileNotFoundError:  # An input that is still to be made.
            return False


def _take_delivery(job: TrainingJob, materials: Materials) -> bool:
    """Whether another job has made the outputs of this one."""
    if not path_to_delivery(job.place).exists():
        return False
    return take(job.place, materials.fingerprint_of(job), job.written)


def _forget_unfinished(job: TrainingJob) -> None:
    """Remove what is left of a training whose outputs are there, so that a repetition repeats it.

    The last act of its job: the outputs of a job that is killed before its end are thrown away, and without
    its checkpoint it would train anew.
    """
    discard(job.place)
    forget_checkpoint(job.path_to_checkpoint)


def _train(
    own: TrainingJob | None, companions: list[Companion], materials: Materials, limit: Callable[[int], None]
) -> None:
    """Train the students of `own`, if any, and of the companions in the same steps; write and deliver all.

    Args:
        limit: is told how many students shall step together at most, where these had no room.
    """
    runs: list[StudentRun] = []
    with ExitStack() as stack, _memory_in_words(own, runs):
        interruption = stack.enter_context(Interruption())
        for companion in companions:
            stack.callback(companion.claim.release)
        runs += [open_run(own, materials)] if own else []
        opened = {
            index: companion for companion in companions for index in _opened(companion, runs, materials)
        }
        failures = _step(runs, opened, interruption)
        filled = next((failure for failure in failures if isinstance(failure, torch.OutOfMemoryError)), None)
        if filled and runs[1:]:
            limit(len(runs) // 2)
        if own and not runs[0].results_in(failures[0]):
            raise filled if filled and isinstance(failures[0], Interrupted) else failures[0]
    if not filled:
        _go_on_later(failures)


@contextmanager
def _memory_in_words(own: TrainingJob | None, runs: list[StudentRun]) -> Iterator[None]:
    """Say what had no room on the GPU, and what to do."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        job = own or runs[0].job
        network, batch_size = job.run["network"]["name"], job.run["training"]["batch_size"]
        asked = asked_by(job.run, network, batch_size, job.paths["array"])
        raise no_room(asked, len(runs), error) from None


def _go_on_later(failures: list[Exception | None]) -> None:
    """End a job that was asked to stop, though its own student is trained.

    Raises:
        Interrupted: where it was.
    """
    for failure in failures:
        if isinstance(failure, Interrupted):
            raise failure


def _step(
    runs: list[StudentRun], companions: dict[int, Companion], interruption: Interruption
) -> list[Exception | None]:
    """Train all runs to their ends; each writes its results as it ends, a companion's for its own job.

    Args:
        companions: whose run it is, by its index in `runs`; the others are this job's own.
    """
    if runs[1:]:
        print("stepping together:", ", ".join(run.job.run["arm"] for run in runs))
    for run in runs:
        run.job.path_to_not_finite.unlink(missing_ok=True)
        resume(run.job.path_to_checkpoint, run.trainer, run.fingerprint, run.say)

    def end(index, failure):
        _note(failure, runs[index], interruption)
        if index in companions:
            _deliver(runs[index], failure)
            companions[index].claim.release()
        elif runs[index].results_in(failure):
            runs[index].write(failure, runs[index].job.outputs)
        elif companions:
            print(f"the job's own student failed; the job ends when its companions have: {failure}")

    with ExitStack() as stack:
        told = [(run.job.path_to_checkpoint, run.fingerprint, interruption) for run in runs]
        keepers = [stack.enter_context(closing(Keeper(*each))) for each in told]
        return run_together(
            [run.trainer for run in runs],
            [run.say for run in runs],
            [keeper.after_epoch for keeper in keepers],
            [keeper.after_batch for keeper in keepers],
            end,
        )


def _note(failure: Exception | None, run: StudentRun, interruption: Interruption) -> None:
    """List the pictures whose loss is no number; where a GPU is full, have everybody stop."""
    if isinstance(failure, Diverged):
        failure.list_pictures(run.job.path_to_not_finite, run.say)
    if isinstance(failure, torch.OutOfMemoryError):
        # What its frames hold is what the others need to come to their checkpoints.
        traceback.clear_frames(failure.__traceback__)
        interruption.ask()


def _opened(companion: Companion, runs: list[StudentRun], materials: Materials) -> list[int]:
    """Open a companion's run and put it behind `runs`; its place there, or none if it cannot be opened."""
    arm = companion.job.run["arm"]
    try:
        runs.append(open_run(companion.job, materials, Teller(arm)))
    except Exception as failure:
        # Its own job shall say so.
        print(f"{arm} is left to its own job: {failure}")
        companion.claim.release()
        return []
    return [len(runs) - 1]


def _deliver(run: StudentRun, failure: Exception | None) -> None:
    """Leave a companion's results for its own job; that job shall meet its failures itself."""
    try:
        if not run.results_in(failure):
            raise failure
        told = run.job.place, run.fingerprint, run.say.said, run.job.written
        deliver(*told, lambda paths: run.write(failure, paths))
        # Not before: a delivery that is cut short is made again from it.
        forget_checkpoint(run.job.path_to_checkpoint)
    except Exception as problem:
        print(f"{run.job.run['arm']} is left to its own job: {problem}")


class Teller:
    """Says a companion's lines with its name, and keeps them for its own log."""

    def __init__(self, arm: str):
        self.arm, self.said = arm, []

    def __call__(self, line: str) -> None:
        self.said.append(line)
        print(f"{self.arm}: {line}")
