"""Snakemake repeats a job of training that was cut short, in the same call; it repeats nothing else."""

import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest
from project import ROOT, copy_project, snakemake

from skinkd.checkpoints import read_description
from skinkd.errors import InputError
from skinkd.interruptions import Interrupted
from skinkd.repetitions import marked_where_in_vain, repeat_only_what_was_cut_short

RUN = "results/networks/dsnet/leak_free/dsnet/fold0-seed0.safetensors"
LONGER = "papers: [dsnet]\nchanges: {smoke: {dsnet: {training: {epochs: 6}}}}\n"
# Jobs as the rules of training make them; each says in a file how often it was tried.
SNAKEFILE = """
import shlex
import sys
sys.path.insert(0, "{lib}")
# Snakemake puts it into a shell's command as it is.
sys.executable = shlex.quote(sys.executable)
from skinkd.repetitions import repeat_only_what_was_cut_short

onstart:
    repeat_only_what_was_cut_short(workflow.scheduler)

rule all:
    input: "again.txt", "killed.txt", "refused.txt"

rule work:
    output: "{{how}}.txt"
    log: "{{how}}.log"
    params: checkpoint="{{how}}.pt", how="{{how}}"
    retries: 3
    script: "work.py"
"""
SCRIPT = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, "{lib}")
from skinkd.errors import InputError
from skinkd.interruptions import Interrupted
from skinkd.repetitions import marked_where_in_vain

how, tries = snakemake.params.how, Path(f"{{snakemake.params.how}}.tries")
tries.write_text(tries.read_text() + "." if tries.exists() else ".")
Path(snakemake.log[0]).write_text("ERROR work: it is so\\n" if how == "refused" else "cut short\\n")
with marked_where_in_vain(snakemake.params.checkpoint):
    if how == "refused":
        raise InputError("work", "it", "is", "so")
    if tries.read_text() == ".":
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        raise Interrupted("run again")
Path(snakemake.output[0]).touch()
"""


@pytest.fixture
def work(tmp_path):
    """A folder with these jobs."""
    lib = ROOT / "workflow/lib"
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(lib=lib), encoding="utf-8")
    (tmp_path / "work.py").write_text(SCRIPT.format(lib=lib), encoding="utf-8")
    return tmp_path


def test_snakemake_repeats_what_was_cut_short_and_prints_a_refusal_once(work):
    run = snakemake(work, "--show-failed-logs", "--keep-going", config=None)
    assert run.returncode != 0
    assert {path.stem for path in work.glob("*.txt")} == {"again", "killed"}, run.stdout
    tries = {path.stem: len(path.read_text(encoding="utf-8")) for path in work.glob("*.tries")}
    assert tries == {"again": 2, "killed": 2, "refused": 1}
    assert run.stdout.count("ERROR work: it is so") == 1
    assert run.stdout.count("Trying to restart job") == 2
    assert not list(work.glob("*.refused"))


@pytest.mark.parametrize(
    ("error", "left"),
    [
        (Interrupted("run again"), False),
        (KeyboardInterrupt(), False),
        (InputError("config", "it", "is", "wrong"), True),
        (ZeroDivisionError("a bug"), True),
        (OSError(28, "no room"), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_what_a_repetition_would_not_mend_is_marked(error, left, tmp_path):
    path = tmp_path / "unfinished" / "run.pt"
    with pytest.raises(type(error)), marked_where_in_vain(path):
        raise error
    assert path.with_suffix(".refused").exists() == left
    with marked_where_in_vain(path):
        assert not path.with_suffix(".refused").exists()


class Scheduler:
    """What of Snakemake's scheduler decides whether a job is repeated."""

    def __init__(self):
        self.failed = []

    def _handle_error(self, job, postprocess_job=True):
        if job.restart_times > job.attempt - 1:
            job.attempt += 1
        else:
            self.failed.append(job)


def job_at(path, restart_times=3):
    return SimpleNamespace(
        restart_times=restart_times, attempt=1, params=SimpleNamespace(checkpoint=str(path))
    )


@pytest.mark.parametrize("is_group", [False, True])
def test_a_mark_takes_the_repetitions_away(is_group, tmp_path):
    scheduler, jobs = Scheduler(), [job_at(tmp_path / f"{name}.pt") for name in "ab"]
    repeat_only_what_was_cut_short(scheduler)
    (tmp_path / "b.refused").touch()
    failing = [SimpleNamespace(restart_times=3, attempt=1, jobs=[job]) for job in jobs] if is_group else jobs
    for job in failing:
        scheduler._handle_error(job)
    assert scheduler.failed == failing[1:]


def test_jobs_of_other_rules_and_jobs_whose_time_is_over_are_as_snakemake_has_them(tmp_path, monkeypatch):
    scheduler = Scheduler()
    repeat_only_what_was_cut_short(scheduler)
    other = SimpleNamespace(restart_times=0, attempt=1, params=SimpleNamespace())
    scheduler._handle_error(other)
    assert scheduler.failed == [other]
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(time.time() + 60))
    late = job_at(tmp_path / "late.pt")
    scheduler._handle_error(late)
    assert scheduler.failed == [other, late]


def stop_once(project, stopped):
    """Send SIGTERM to whoever trains, once there is a checkpoint to go on from."""
    lock, checkpoint = (
        project / RUN.replace("networks", "unfinished/networks").replace(".safetensors", suffix)
        for suffix in (".lock", ".pt")
    )
    while not stopped:
        time.sleep(0.01)
        if checkpoint.exists() and lock.exists() and (said := lock.read_text(encoding="utf-8").split()):
            os.kill(int(said[1]), signal.SIGTERM)
            stopped.append(said[1])


def test_a_training_that_is_stopped_once_ends_well_in_the_same_call(tmp_path):
    project, stopped = copy_project(tmp_path), []
    (project / "longer.yaml").write_text(LONGER, encoding="utf-8")
    stopper = threading.Thread(target=stop_once, args=(project, stopped), daemon=True)
    stopper.start()
    run = snakemake(project, RUN, config=("tests/config/smoke.yaml", "longer.yaml"))
    assert run.returncode == 0, run.stdout[-4000:]
    assert run.stdout.count("Trying to restart job") == len(stopped) == 1
    assert "run again, it goes on from there" in run.stdout
    log = project / RUN.replace("networks", "logs/train").replace("safetensors", "log")
    assert "resuming from epoch" in (said := log.read_text(encoding="utf-8"))
    assert "(0 batches lost)" in said
    assert read_description(project / RUN)["restarts"] == 1
