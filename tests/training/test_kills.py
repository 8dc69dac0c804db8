"""Jobs that are killed at drawn moments, or asked to stop, end with the bits of an uninterrupted run.

No worker loads pictures: a job is one process, with one thread or more, and whoever kills it kills all of it.
"""

import os
import random
import re
import signal
import time
import traceback
from collections import Counter
from functools import cache, partial
from itertools import count
from typing import NamedTuple

import jobs_examples
import pandas as pd
import pytest
import torch
from arm_families import ARMS, jobs_of
from safetensors.torch import load_file
from training_examples import assert_equal_bits

from skinkd import unfinished
from skinkd.jobs import EXIT_AGAIN, logged_to

TWO_THREADS = "cached on two threads"
CASES = [*ARMS, TWO_THREADS]
EPOCHS = 3
# When a job of each case is killed: by the clock, and while its checkpoint is being saved.
BY_CLOCK, IN_A_SAVE, NEVER = "by clock", "in a save", "never"
WAYS = (BY_CLOCK, IN_A_SAVE, BY_CLOCK)
STEPS_OF_A_SAVE = 8
WITHIN_AN_EPOCH = re.compile(r"resuming from epoch \d+, batch (?!1\b)")


class Outcome(NamedTuple):
    """How often a case was killed, how often it went on to equality, and how often from within an epoch."""

    kills: int
    equal: int
    within: int
    history: pd.DataFrame


@pytest.fixture(scope="module")
def jobs(packed, tmp_path_factory):
    """For each case what runs its job in a folder."""
    made = jobs_of(packed(3), tmp_path_factory.mktemp("teachers"), epochs=EPOCHS)
    return made | {TWO_THREADS: partial(on_two_threads, made["cached"])}


def on_two_threads(job, folder):
    """The same job, in a process of its own."""
    jobs_examples.DEVICE = jobs_examples.DEVICE | {"threads": 2}
    job(folder=folder)
    assert torch.get_num_threads() == 2


def status_of(job, folder, after_s=None, number=signal.SIGKILL, prepare=lambda: None) -> int:
    """The exit status of a job in a process of its own, which gets a signal after some seconds.

    Args:
        prepare: is called in that process before the job.
    """
    folder.mkdir(exist_ok=True)
    process = os.fork()
    if process == 0:
        try:
            prepare()
            with logged_to(folder / "job.log"):
                job(folder=folder)
            os._exit(0)
        except SystemExit as end:
            os._exit(end.code)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    if after_s is not None:
        time.sleep(after_s)
        os.kill(process, number)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def save_often() -> None:
    """Whole epochs take less than a second here: within them, too, runs are saved again and again."""
    unfinished.CHECKPOINT_S = 0.03


def save_often_and_be_killed_in(nth: int, step: int) -> None:
    """For a process of its own: it is killed at a step of its nth save; the first is half of the file."""
    save, saves, steps = unfinished.save_checkpoint, count(1), count(1)
    write, sync, replace = torch.save, os.fsync, os.replace

    def half_written(state, path):
        write(state, path)
        os.truncate(path, path.stat().st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)

    def counted(function):
        def call(*told):
            if next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*told)

        return call

    def saving(*told):
        if next(saves) == nth:
            torch.save = half_written if step == 0 else write
            os.fsync, os.replace = counted(sync), counted(replace)
        save(*told)

    save_often()
    unfinished.save_checkpoint = saving


def made_in(folder) -> dict:
    """All that a job made: numbers of its networks, and its tables."""
    networks = {path.name: load_file(path) for path in folder.glob("*.safetensors")}
    return networks | {path.name: pd.read_csv(path) for path in folder.glob("*.csv")}


def assert_same(found: dict, expected: dict):
    """Two jobs made the same, to the last bit."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, dict):
            assert_equal_bits(found[name], value)
        else:
            pd.testing.assert_frame_equal(found[name], value, check_exact=True)


def attempt(way, job, folder, moments, took_s) -> int:
    """Run a job, killed in some way; its exit status."""
    if way == BY_CLOCK:
        return status_of(job, folder, moments.uniform(0, took_s), prepare=save_often)
    save, step = moments.randint(2, 4), moments.randrange(STEPS_OF_A_SAVE)
    prepare = partial(save_often_and_be_killed_in, save, step) if way == IN_A_SAVE else save_often
    return status_of(job, folder, prepare=prepare)


@pytest.fixture(scope="module")
def outcome(jobs, tmp_path_factory):
    """What comes of a case whose job is killed, runs again, and so on, until it was killed often enough."""

    @cache
    def of(case: str) -> Outcome:
        moments, place, job = random.Random(case), tmp_path_factory.mktemp("killed"), jobs[case]
        started_s = time.monotonic()
        assert status_of(job, place / "whole", prepare=save_often) == 0
        took_s, expected = time.monotonic() - started_s, made_in(place / "whole")
        ways, killed, said = list(WAYS), Counter(), []
        while ways or killed["now"]:
            folder = place / f"killed-{killed['folders']}"
            status = attempt(ways[0] if ways else NEVER, job, folder, moments, took_s)
            said.append((folder / "job.log").read_text(encoding="utf-8"))
            if status == -signal.SIGKILL:
                ways.pop(0)
                killed.update(["now", "ever"])
                continue
            assert status == 0, said[-1]
            assert_same(made_in(folder), expected)
            assert not [file for file in folder.rglob("*.pt*") if file.is_file()]
            killed.update(equal=killed.pop("now", 0), folders=1)
        within = sum(WITHIN_AN_EPOCH.search(text) is not None for text in said)
        return Outcome(killed["ever"], killed["equal"], within, expected["network.csv"])

    return of


@pytest.mark.parametrize("case", CASES)
def test_a_job_killed_at_drawn_moments_ends_with_the_same_bits(case, outcome):
    found = outcome(case)
    assert found.kills == found.equal == len(WAYS)


def test_the_plateau_is_one(outcome):
    """Its rate falls and it stops early, or counters that were lost would change nothing."""
    history = outcome("plateau").history
    assert history["learning_rate"].nunique() > 1
    assert len(history) < 2 * EPOCHS


def test_twenty_kills_resume_to_equality(outcome, record_property):
    outcomes = [outcome(case) for case in CASES]
    kills, equal, within = (sum(getattr(each, name) for each in outcomes) for name in Outcome._fields[:3])
    record_property("kills", kills)
    record_property("resumed to equality", equal)
    print(f"{equal} of {kills} kills resumed to equality, {within} of them within an epoch")
    assert equal == kills >= 20
    assert within > 0


def test_a_job_that_is_asked_to_stop_says_so_and_goes_on(jobs, tmp_path):
    expected, folder, job = tmp_path / "whole", tmp_path / "stopped", jobs["plain"]
    started_s = time.monotonic()
    assert status_of(job, expected) == 0
    half_s = 0.5 * (time.monotonic() - started_s)
    assert status_of(job, folder, half_s, signal.SIGTERM) == EXIT_AGAIN
    log = (folder / "job.log").read_text(encoding="utf-8")
    assert "run again, it goes on from there" in log.splitlines()[-1]
    assert status_of(job, folder) == 0
    assert "resuming " in (folder / "job.log").read_text(encoding="utf-8")
    assert_same(made_in(folder), made_in(expected))


def test_a_job_whose_time_is_nearly_over_stops(jobs, tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(time.time()))
    assert status_of(jobs["plain"], tmp_path) == EXIT_AGAIN
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(time.time() + 6000))
    assert status_of(jobs["plain"], tmp_path) == 0
    assert "resuming from epoch 1, batch 2 (0 batches lost)" in (tmp_path / "job.log").read_text(
        encoding="utf-8"
    )
