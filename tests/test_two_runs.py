"""Two runs in one folder: the second stops at once and says who is running; so does one beside an orphan."""

import os
import signal
import subprocess
import sys
import time

import pytest
from project import copy_project, snakemake

from skinkd.claims import Claim
from skinkd.companions import TrainingJob
from skinkd.errors import InputError
from skinkd.training_jobs import do

TARGET = "results/networks/dsnet/leak_free/dsnet/fold0-seed0.safetensors"


@pytest.fixture
def running(tmp_path):
    """A run of the graph that has begun, and its project."""
    project = copy_project(tmp_path)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", TARGET, "--configfile"]
    with subprocess.Popen(
        [*command, "tests/config/smoke.yaml"],
        cwd=project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as first:
        lock = next(iter_locks(project))
        # It would end while the others start.
        first.send_signal(signal.SIGSTOP)
        yield project, first, lock
        first.send_signal(signal.SIGCONT)
        first.send_signal(signal.SIGINT)


def iter_locks(project):
    """The lock of a run, as soon as it is there."""
    for _ in range(600):
        yield from project.glob("results/unfinished/run.lock")
        time.sleep(0.1)


def test_the_second_run_stops_at_once_and_names_the_first(running):
    project, first, lock = running
    second = snakemake(project, TARGET)
    assert second.returncode != 0
    assert f"is in use by pid {first.pid} on {os.uname().nodename} since " in second.stdout
    assert "LockException" in second.stdout
    # Snakemake lets other targets pass, and takes the lock of both away when the first of them ends.
    third = snakemake(project, "results/archive/demo_folders/metadata.csv")
    assert third.returncode != 0
    assert "LockException" not in third.stdout
    assert f"is in use by pid {first.pid} on " in third.stdout
    assert not (project / "results/archive/demo_folders").exists()
    assert first.poll() is None
    assert Claim(lock.with_suffix("")).holder().startswith(f"pid {first.pid} on ")


def test_a_killed_run_holds_nothing(running):
    _, first, lock = running
    first.kill()
    first.wait()
    assert lock.exists()
    assert Claim(lock.with_suffix("")).holder() is None


def test_a_job_beside_an_orphan_names_it_and_writes_nothing(tmp_path):
    told = {"paths": {}, "paths_to_code": [], "run": {}, "device": {}, "outputs": {}}
    job = TrainingJob(**told, path_to_checkpoint=str(tmp_path / "run.pt"))
    orphan = Claim(job.place)
    assert orphan.holder() is None
    orphan.take()
    with pytest.raises(
        InputError, match=rf"run is being trained by pid {os.getpid()} on .*wait for it, or end it"
    ):
        do(job)
    orphan.release()
    assert list(tmp_path.iterdir()) == []
