"""Jobs that are killed at drawn moments, or asked to stop, end with the bits of an uninterrupted run."""

import os
import random
import signal
import time
import traceback
from functools import partial

import pandas as pd
import pytest
from jobs_examples import PROJECTION_RUN, run_cache, run_projection, run_train
from safetensors.torch import load_file
from training_examples import DISTILLED, IMITATING, RUN, assert_equal_bits

from skinkd import unfinished
from skinkd.jobs import EXIT_AGAIN, logged_to

KILLS = 20
RESNET = {"name": "resnet", "parameters": {"depth": 10}}
TRAINING = RUN["training"] | {"epochs": 6}
PLATEAU = {"plateau": {"factor": 0.5, "patience": 1, "minimum": 1e-4}, "early_stop_epochs": 4}
CURRICULUM = {"sampler": {"draw": "weighted", "order": "confident_first"}}
# Arms by what they need: a loss, a network, and what of the recipe is special.
ARMS = {
    "plain": RUN | {"network": {"name": "resnet", "parameters": {"depth": 10, "head": "dropout_batch_norm"}}},
    "cached": RUN | {"loss": DISTILLED},
    "maps": RUN | {"loss": IMITATING, "network": RESNET},
    "curriculum": RUN | {"loss": DISTILLED, "training": TRAINING | CURRICULUM},
    "plateau": RUN | {"training": TRAINING | PLATEAU | {"epochs": 12, "selection": "validation_loss"}},
}
LONG_HEAD = PROJECTION_RUN | {"recipe": PROJECTION_RUN["recipe"] | {"epochs": 8}}


@pytest.fixture(scope="module")
def jobs(packed, tmp_path_factory):
    """For each arm what runs its job in a folder; two of them need what other jobs made."""
    data, folder = packed(3), tmp_path_factory.mktemp("teachers")
    teacher = run_train(data, folder, run=RUN | {"network": RESNET}, name="teacher")
    told = {"targets": [run_cache(data, folder, teacher)], "teachers": [teacher]}
    online = {"teachers": [teacher], "projections": [run_projection(data, folder, teacher)]}
    taught = {"cached": told, "curriculum": told, "maps": online}
    made = {}
    for arm, run in ARMS.items():
        run = run | {"training": TRAINING} if run["training"] is RUN["training"] else run
        made[arm] = partial(run_train, data, run=run | {"arm": arm}, **taught.get(arm, {}))
    made["head"] = partial(run_projection, data, teacher=teacher, run=LONG_HEAD)
    return made


def status_of(job, folder, after_s=None, number=signal.SIGKILL) -> int:
    """The exit status of a job in a process of its own, which gets a signal after some seconds."""
    process = os.fork()
    if process == 0:
        try:
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


@pytest.mark.parametrize("arm", [*ARMS, "head"])
def test_a_job_killed_at_drawn_moments_ends_with_the_same_bits(
    arm, jobs, tmp_path, monkeypatch, record_property
):
    # Whole epochs take less than a second here: within them, too, runs are saved again and again.
    monkeypatch.setattr(unfinished, "CHECKPOINT_S", 0.03)
    moments, job, kills, ended = random.Random(arm), jobs[arm], 0, 0
    started_s, whole = time.monotonic(), tmp_path / "whole"
    whole.mkdir()
    assert status_of(job, whole) == 0
    took_s, expected = time.monotonic() - started_s, made_in(whole)
    while kills < -(-KILLS // (len(ARMS) + 1)) or not ended:
        folder = tmp_path / f"killed-{ended}"
        folder.mkdir(exist_ok=True)
        status = status_of(job, folder, moments.uniform(0, took_s))
        kills += status == -signal.SIGKILL
        if status == 0:
            ended += 1
            assert_same(made_in(folder), expected)
            assert not [file for file in folder.rglob("*.pt*") if file.is_file()]
    record_property("kills", kills)
    print(f"{arm}: {kills} of {kills} kills resumed to equality")


def test_a_job_that_is_asked_to_stop_says_so_and_goes_on(jobs, tmp_path):
    expected, folder, job = tmp_path / "whole", tmp_path / "stopped", jobs["plain"]
    for each in (expected, folder):
        each.mkdir()
    started_s = time.monotonic()
    assert status_of(job, expected) == 0
    half_s = 0.5 * (time.monotonic() - started_s)
    assert status_of(job, folder, half_s, signal.SIGTERM) == EXIT_AGAIN
    log = (folder / "job.log").read_text(encoding="utf-8")
    assert "run again, it goes on from there" in log.splitlines()[-1]
    assert status_of(job, folder) == 0
    assert "resuming from epoch" in (folder / "job.log").read_text(encoding="utf-8")
    assert_same(made_in(folder), made_in(expected))


def test_a_job_whose_time_is_nearly_over_stops(jobs, tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(time.time()))
    assert status_of(jobs["plain"], tmp_path) == EXIT_AGAIN
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(time.time() + 6000))
    assert status_of(jobs["plain"], tmp_path) == 0
    assert "resuming from epoch 1, batch 2 (0 batches lost)" in (tmp_path / "job.log").read_text(
        encoding="utf-8"
    )
