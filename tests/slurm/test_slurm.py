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
    if reason := why_not():
        pytest.skip(reason)
    with cluster(tmp_path_factory.mktemp("slurm") / "cluster"):
        yield copy_project(tmp_path_factory.mktemp("login node"))


class Submission:
    """Snakemake on the login node, at work on the predictions of some arms; what it says goes to a file."""

    def __init__(self, project, arms, *arguments):
        targets = [f"results/predictions/{PLACE.format(arm=arm)}.csv" for arm in arms]
        command = [str(project / ".venv/bin/python"), "-m", "snakemake", *targets]
        command += ["--profile", "profiles/slurm", *SMALL, *arguments, "--configfile", *CONFIGS]
        environment = {name: value for name, value in os.environ.items() if name != "MAKELEVEL"}
        self.path = project / f"{'-'.join(arms)}.txt"
        with self.path.open("w") as file:
            streams = {"stdout": file, "stderr": subprocess.STDOUT}
            self.process = subprocess.Popen(command, cwd=project, env=environment, **streams)

    @property
    def said(self):
        """All that it has printed."""
        return self.path.read_text(encoding="utf-8")

    def wait_until(self, happened, what):
        """Wait for something that its jobs do."""
        end_s = time.monotonic() + LIMIT_S
        while not happened():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < end_s, f"not seen: {what}"
            time.sleep(0.2)


@pytest.fixture(scope="module")
def taught(project):
    """The project after its teacher's students were trained, and the submission that did it."""
    run = Submission(project, ("mobilenet_v2", "blkd"), "--group-components", "students=2")
    run.process.wait(timeout=LIMIT_S)
    return project, run


def of_arm(project, kind, arm, suffix):
    """A file of an arm."""
    return project / f"results/{kind}/{PLACE.format(arm=arm)}.{suffix}"


def submissions(said, rule):
    """The numbers of Slurm's jobs that ran a rule, by the folders of their logs."""
    return [int(number) for number in re.findall(rf"SLURM jobid (\d+) \(log: [^)]*/{rule}", said)]


def has_begun(project, arm):
    """Whether a training has an epoch behind it."""
    log = of_arm(project, "logs/train", arm, "log")
    return log.exists() and "epoch 1 of" in log.read_text(encoding="utf-8")


def slurm(*words):
    """What a command of Slurm printed."""
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_a_study_runs_through_the_queue(taught):
    project, run = taught
    assert run.process.returncode == 0, run.said
    for arm in ("mobilenet_v2", "blkd"):
        assert of_arm(project, "predictions", arm, "csv").exists()
        assert "epoch 2 of 2" in of_arm(project, "logs/train", arm, "log").read_text(encoding="utf-8")
    # The archive, its packed pictures and its split went in one submission; so did both students.
    assert len(submissions(run.said, "group_data")) == len(submissions(run.said, "group_students")) == 1
    assert len(submissions(run.said, "rule_train")) == len(submissions(run.said, "rule_cache_targets")) == 1


def test_limits_requeues_and_failures(taught):
    """All at the same time, as in a real queue: one loses its time, one its node, one is wrong."""
    project = taught[0]
    late, preempted, wrong = "dkd", "logit_standardisation", "fitnet"
    run = Submission(project, (late, preempted, wrong), "--keep-going")
    try:
        run.wait_until(lambda: has_begun(project, late) and has_begun(project, preempted), "two trainings")
        number = number_of(project, preempted)
        slurm("scontrol", "update", f"JobId={number_of(project, late)}", "EndTime=now")
        slurm("scontrol", "requeue", number)
        run.wait_until(lambda: slurm("squeue", "-h", "-j", number, "-o", "%T") == "PENDING\n", "the requeue")
        # Slurm lets a requeued job wait for two minutes.
        slurm("scontrol", "update", f"JobId={number}", "StartTime=now")
        run.process.wait(timeout=LIMIT_S)
    finally:
        run.process.kill()
    for arm in (late, preempted):
        assert of_arm(project, "predictions", arm, "csv").exists(), run.said
        assert "resuming" in of_arm(project, "logs/train", arm, "log").read_text(encoding="utf-8")
    assert run.process.returncode != 0
    # The log itself is shown, on the login node.
    assert "training.batch_size is 5000" in run.said
    assert not of_arm(project, "predictions", wrong, "csv").exists()


def number_of(project, arm):
    """The number of Slurm's job that trains an arm, by the name of the log that names the arm."""
    logs = (project / ".snakemake/slurm_logs/group_students_train").glob("*.log")
    return max((log.stem for log in logs if f"/{arm}/" in log.read_text(encoding="utf-8")), key=int)


def test_the_profile_keeps_to_the_rules_of_the_graph():
    profile = (ROOT / "profiles/slurm/config.yaml").read_text(encoding="utf-8")
    default = (ROOT / "profiles/default/config.yaml").read_text(encoding="utf-8")
    for line in ("rerun-triggers: [mtime, params, input]", "max-checksum-file-size: 20GB"):
        assert line in profile and line in default
