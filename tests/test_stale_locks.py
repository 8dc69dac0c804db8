"""A killed run's lock is taken over; another's is left alone, and the user told what to do."""

import os
import socket
import subprocess
import sys

import pytest
from project import copy_project, snakemake

from skinkd.claims import Claim
from skinkd.stale_locks import LOCKS, take_over

DEAD = "pid {pid} on {host} since 2026-01-01 00:00:00+00:00"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder that Snakemake has locked for a study in results/."""
    monkeypatch.chdir(tmp_path)
    lock("0.output", "results/scores/a.json", "results/report/report.html")
    lock("0.input", "config/config.yaml", "results/scores/a.json")
    return tmp_path


def lock(name, *paths):
    LOCKS.mkdir(parents=True, exist_ok=True)
    (LOCKS / f"{name}.lock").write_text("\n".join(paths) + "\n", encoding="utf-8")


def sign(results, pid, host):
    """What a run leaves that was killed."""
    claim = Claim(f"{results}/unfinished/run")
    claim.path.parent.mkdir(parents=True, exist_ok=True)
    claim.path.write_text(DEAD.format(pid=pid, host=host) + "\n", encoding="utf-8")
    return claim


@pytest.fixture
def dead():
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def said(claim, results="results"):
    lines = []
    take_over(claim, results, "snakemake --unlock", lines.append)
    return lines


def locks():
    return sorted(path.name for path in LOCKS.glob("*"))


def test_the_lock_of_a_dead_run_of_this_computer_is_taken_over(folder, dead):
    claim = sign("results", dead, socket.gethostname())
    [line] = said(claim)
    assert f"pid {dead} on {socket.gethostname()}" in line
    assert line.endswith("was killed and left this folder locked; this run takes over.")
    assert locks() == []
    assert claim.take(), "the claim is free for the run that begins"
    assert said(claim) == []


@pytest.mark.parametrize("whose", ["another computer's", "a number that lives again", "nobody's"])
def test_what_may_still_run_is_left_alone_and_the_command_named(folder, dead, whose):
    claim = Claim("results/unfinished/run")
    if whose == "another computer's":
        sign("results", dead, "elsewhere")
    elif whose == "a number that lives again":
        sign("results", os.getpid(), socket.gethostname())
    [line] = said(claim)
    assert line.endswith("If that run is over: snakemake --unlock")
    assert locks() == ["0.input.lock", "0.output.lock"]


def test_a_living_run_is_left_alone_and_named_elsewhere(folder):
    holder = Claim("results/unfinished/run")
    holder.take()
    assert said(Claim("results/unfinished/run")) == []
    assert len(locks()) == 2
    holder.release()


def test_a_study_below_our_results_keeps_its_lock(folder, dead):
    """`results/` holds the demo, and below it the folders of other studies."""
    lock("1.output", "results/ham/scores/a.json")
    other = Claim("results/ham/unfinished/run")
    other.take()
    assert len(said(sign("results", dead, socket.gethostname()))) == 1
    assert locks() == ["1.output.lock"]
    other.release()


def test_without_a_lock_nothing_is_said(tmp_path, monkeypatch, dead):
    monkeypatch.chdir(tmp_path)
    assert said(sign("results", dead, socket.gethostname())) == []


def test_a_run_goes_on_after_a_killed_one_without_another_command(tmp_path, dead):
    project = copy_project(tmp_path)
    target = "results/archive/demo/metadata.csv"
    for name in ("0.input", "0.output"):
        path = project / LOCKS / f"{name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{target}\n", encoding="utf-8")
    place = project / "results/unfinished/run.lock"
    place.parent.mkdir(parents=True)
    place.write_text(DEAD.format(pid=dead, host=socket.gethostname()), encoding="utf-8")
    small = project / "small.yaml"
    small.write_text("sources: {demo: {images: 60}}\n", encoding="utf-8")
    dry = snakemake(project, "-n", target, config=("tests/config/smoke.yaml", small))
    assert "the next run takes over" in dry.stdout
    assert len(list((project / LOCKS).iterdir())) == 2
    run = snakemake(project, target, config=("tests/config/smoke.yaml", small))
    assert run.returncode == 0, run.stdout[-3000:]
    assert "this run takes over" in run.stdout
    assert (project / target).exists()
    assert not place.exists()
