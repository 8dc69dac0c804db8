"""A job of training: it trains its own student, perhaps with companions, or takes what one of them made."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from skinkd.checkpoints import resume, save_checkpoint
from skinkd.claims import Claim
from skinkd.companions import Pool, TrainingJob
from skinkd.deliveries import deliver, path_to_delivery, take
from skinkd.student_runs import WRITTEN, Materials, StudentRun, fingerprint_of_job, open_run
from skinkd.together import run_together


class Companion(NamedTuple):
    """Another job, and the right to train its student."""

    job: TrainingJob
    claim: Claim


def do(job: TrainingJob, pools: Sequence[Pool] = ()) -> None:
    """Make the outputs of `job`.

    Where another job is training its student, this one trains others meanwhile, and then waits.

    Args:
        pools: its own first; nothing for a job that steps with no other.

    Raises:
        InputError: where an input is wrong, or a network diverged that others would learn from.
    """
    materials, own = Materials(), Claim(job.place)
    while pools and not own.take():
        others = _claimed_in_one_of(pools, job)
        if others:
            _train(None, others, materials)
        else:
            print("another job trains this student together with its own; waiting for it")
            own.take(wait=True)
    try:
        if not _take_delivery(job):
            _train(job, _claimed(job, pools[0], pools[0].share() - 1) if pools else [], materials)
    finally:
        own.release()


def _claimed_in_one_of(pools: Sequence[Pool], job: TrainingJob) -> list[Companion]:
    """Companions that could step together and that nobody trains, from the first pool that has any."""
    return next(filter(None, (_claimed(job, pool, pool.share()) for pool in pools)), [])


def _take_delivery(job: TrainingJob) -> bool:
    """Whether another job has made the outputs of this one."""
    if not path_to_delivery(job.place).exists():
        return False
    outputs = {name: job.outputs[name] for name in WRITTEN}
    return take(job.place, fingerprint_of_job(job), outputs)


def _claimed(job: TrainingJob, pool: Pool, most: int) -> list[Companion]:
    """At most so many companions that are ready to be trained and now are this process's own."""
    claimed: list[Companion] = []
    for other in pool.ready_for(job):
        claim = Claim(other.place)
        if len(claimed) < most and claim.take():
            # Another process may have finished it between the look and the claim.
            if other.is_finished():
                claim.release()
            else:
                claimed.append(Companion(other, claim))
    return claimed


def _train(own: TrainingJob | None, companions: list[Companion], materials: Materials) -> None:
    """Train the students of `own`, if any, and of the companions in the same steps; write and deliver all."""
    runs = [open_run(own, materials)] if own else []
    with ExitStack() as stack:
        for companion in companions:
            stack.callback(companion.claim.release)
        opened = {
            index: companion for companion in companions for index in _opened(companion, runs, materials)
        }
        failures = _step(runs, opened)
    if own and not runs[0].results_in(failures[0]):
        raise failures[0]


def _step(runs: list[StudentRun], companions: dict[int, Companion]) -> list[Exception | None]:
    """Train all runs to their ends; each writes its results as it ends, a companion's for its own job.

    Args:
        companions: whose run it is, by its index in `runs`; the others are this job's own.
    """
    if runs[1:]:
        print("stepping together:", ", ".join(run.job.run["arm"] for run in runs))
    for run in runs:
        resume(run.job.path_to_checkpoint, run.trainer, run.fingerprint, run.say)

    def end(index, failure):
        if index in companions:
            _deliver(runs[index], failure)
            companions[index].claim.release()
        elif runs[index].results_in(failure):
            runs[index].write(failure, runs[index].job.outputs)

    return run_together(
        [run.trainer for run in runs], [run.say for run in runs], [_checkpoint_of(run) for run in runs], end
    )


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
        outputs = {name: run.job.outputs[name] for name in WRITTEN}
        deliver(
            run.job.place, run.fingerprint, run.say.said, outputs, lambda paths: run.write(failure, paths)
        )
    except Exception as problem:
        print(f"{run.job.run['arm']} is left to its own job: {problem}")


def _checkpoint_of(run: StudentRun):
    """What saves a run after each of its epochs."""
    return lambda trainer: save_checkpoint(run.job.path_to_checkpoint, trainer, run.fingerprint)


class Teller:
    """Says a companion's lines with its name, and keeps them for its own log."""

    def __init__(self, arm: str):
        self.arm, self.said = arm, []

    def __call__(self, line: str) -> None:
        self.said.append(line)
        print(f"{self.arm}: {line}")
