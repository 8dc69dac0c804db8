"""A real Slurm runs a study from a login node: it ends, survives limits, and says what failed."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from project import ROOT, copy_project

sys.path.append(str(Path(__file__).parent))
from cluster import cluster, why_not

CONFIGS = (str(ROOT / "tests/config/smoke.yaml"), str(ROOT / "tests/slurm/study.yaml"))
PLACE = "ssd_kd/as_published/{arm}/fold2-seed0"
LIMIT_S = 900
# What a small node and an impatient reader ask for; all else is the profile's.
SMALL = (
    *("--slurm-init-seconds-before-status-checks", "2", "--slurm-status-command", "squeue"),
    *("--default-resources", "mem_mb=1000", "runtime=30"),
    *("--set-resources", "train:mem_mb=1000", "cache_targets:mem_mb=1000", "train_projection:mem_mb=1000"),
    *("--groups", "draw_archive=data", "ingest=data", "split=data", "--slurm-keep-successful-logs"),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project on the login node of a cluster of one machine."""
    if reason := why_not(install="CI" in os.environ):
        pytest.skip(reason)
    with cluster(tmp_path_factory.mktemp("slurm") / "cluster"):
        yield copy_project(tmp_path_factory.mktemp("login node"))


@pytest.fixture(scope="module")
def taught(project):
    """The project after its teacher's students were trained, and what was said meanwhile."""
    run = submit(project, ("mobilenet_v2", "blkd"), "--group-components", "students=2")
    said, _ = run.communicate(timeout=LIMIT_S)
    return project, run.returncode, said


def submit(project, arms, *arguments):
    """Start Snakemake on the login node, for the predictions of some arms."""
    targets = [f"results/predictions/{PLACE.format(arm=arm)}.csv" for arm in arms]
    command = [str(project / ".venv/bin/python"), "-m", "snakemake", *targets]
    command += ["--profile", "profiles/slurm", *SMALL, *arguments, "--configfile", *CONFIGS]
    environment = {name: value for name, value in os.environ.items() if name != "MAKELEVEL"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, cwd=project, text=True, env=environment, **pipes)


def of_arm(project, kind, arm, suffix):
    """A file of an arm."""
    return project / f"results/{kind}/{PLACE.format(arm=arm)}.{suffix}"


def submissions(said, rule):
    """The numbers of Slurm's jobs that ran a rule, by the folders of their logs."""
    return [int(number) for number in re.findall(rf"SLURM jobid (\d+) \(log: [^)]*/{rule}", said)]


def wait_until(happened, what):
    """Wait for something that jobs do."""
    end_s = time.monotonic() + LIMIT_S
    while not happened():
        assert time.monotonic() < end_s, f"not seen: {what}"
        time.sleep(0.2)


def has_begun(project, arm):
    """Whether a training has an epoch behind it."""
    log = of_arm(project, "logs/train", arm, "log")
    return log.exists() and "epoch 1 of" in log.read_text(encoding="utf-8")


def slurm(*words):
    """What a command of Slurm printed."""
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_a_study_runs_through_the_queue(taught):
    project, status, said = taught
    assert status == 0, said
    for arm in ("mobilenet_v2", "blkd"):
        assert of_arm(project, "predictions", arm, "csv").exists()
        assert "epoch 2 of 2" in of_arm(project, "logs/train", arm, "log").read_text(encoding="utf-8")
    # The archive, its packed pictures and its split went in one submission; so did both students.
    assert len(submissions(said, "group_data")) == len(submissions(said, "group_students")) == 1
    assert len(submissions(said, "rule_train")) == len(submissions(said, "rule_cache_targets")) == 1


def test_limits_requeues_and_failures(taught):
    """All at the same time, as in a real queue: one loses its time, one its node, one is wrong."""
    project = taught[0]
    run = submit(project, ("dkd", "logit_standardisation", "fitnet"), "--keep-going", "--retries", "1")
    try:
        wait_until(
            lambda: has_begun(project, "dkd") and has_begun(project, "logit_standardisation"), "two trainings"
        )
        numbers = {arm: number_of(project, arm) for arm in ("dkd", "logit_standardisation")}
        slurm("scontrol", "update", f"JobId={numbers['dkd']}", "EndTime=now")
        slurm("scontrol", "requeue", str(numbers["logit_standardisation"]))
        wait_until(
            lambda: (
                "PENDING" in slurm("squeue", "-h", "-j", str(numbers["logit_standardisation"]), "-o", "%T")
            ),
            "requeue",
        )
        # Slurm lets a requeued job wait for two minutes.
        slurm("scontrol", "update", f"JobId={numbers['logit_standardisation']}", "StartTime=now")
        said, _ = run.communicate(timeout=LIMIT_S)
    finally:
        run.kill()
    for arm in ("dkd", "logit_standardisation"):
        assert of_arm(project, "predictions", arm, "csv").exists(), said
        log = of_arm(project, "logs/train", arm, "log").read_text(encoding="utf-8")
        assert "resuming" in log
    assert run.returncode != 0
    # The log itself is shown, on the login node.
    assert "batch_size" in said and True
    assert not of_arm(project, "predictions", "fitnet", "csv").exists()


def number_of(project, arm):
    """The number of Slurm's job that trains an arm, by the name of the log that names the arm."""
    logs = (project / ".snakemake/slurm_logs/group_students_train").glob("*.log")
    return max(int(log.stem) for log in logs if f"/{arm}/" in log.read_text(encoding="utf-8"))


def test_the_profile_keeps_to_the_rules_of_the_graph():
    profile = (ROOT / "profiles/slurm/config.yaml").read_text(encoding="utf-8")
    default = (ROOT / "profiles/default/config.yaml").read_text(encoding="utf-8")
    for line in ("rerun-triggers: [mtime, params, input]", "max-checksum-file-size: 20GB"):
        assert line in profile and line in default
