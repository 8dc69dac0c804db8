"""Copies of the project in which graphs of any size are planned and run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from skinkd.config import read_config
from skinkd.grid import count_jobs
from skinkd.sources import PACKAGE
from skinkd.study import BASE, open_study

ROOT = PACKAGE.parents[2]
NEEDED = ("Snakefile", "workflow", "config", "envs", "profiles", "report")
JOBS = (10, 300, 3000)
FULL = "full"
# One paper, one arm without a teacher: every job that a further seed adds is a training.
ONE_ARM = {
    "size_px": 32,
    "papers": ["dsnet"],
    "protocols": ["leak_free"],
    "arms": {"dsnet": {"leak_free": ["dsnet"]}},
    "sources": {"demo": {"images": 300}},
}


SNAKEMAKE = (sys.executable, "-m", "snakemake", "--cores", "1")
PLAN = ("--dry-run", "--nolock", "--quiet", "all")


def run(command: list[str], folder, library: str | None = None) -> None:
    """Run a command to its end in a folder; what it prints goes to the log.

    Args:
        library: folder on Python's path, if any.

    Raises:
        CalledProcessError: where it fails.
    """
    # What this process was told of its own packages and of make is not for the command.
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MAKELEVEL")}
    if library is not None:
        environment["PYTHONPATH"] = library
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=sys.stderr.fileno())


def copy_project(folder: Path) -> None:
    """The files that a run needs."""
    folder.mkdir(parents=True)
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, folder / name)


def empty_project(folder: Path) -> None:
    """A folder in which Snakemake has nothing to do."""
    folder.mkdir(parents=True)
    (folder / "Snakefile").write_text("rule nothing:\n    shell: 'true'\n", encoding="utf-8")


def study_of(name: str, seeds: int, training: dict | None = None) -> dict:
    """An overlay of the demo with one arm and this many seeds."""
    changes = {
        "source": "demo",
        "split": {"train_benign": 40, "train_malignant": 40, "test_benign": 20, "test_malignant": 20},
        "training": training or {"epochs": 1},
    }
    study = {"name": name, "title": name, "scale": "smoke", "statements": ["A benchmark of the graph."]}
    return {**ONE_ARM, "study": study, "seeds": list(range(seeds)), "changes": {name: {"dsnet": changes}}}


def jobs_of(study: dict) -> int:
    """How many jobs a study has."""
    return sum(count_jobs(open_study(read_config(BASE, **study))).values())


def write_study(folder: Path, jobs: int) -> Path:
    """A study of this many jobs, or of the least number that there can be, as a config file."""
    name = f"jobs_{jobs}"
    seeds = max(1, 1 + jobs - jobs_of(study_of(name, 1)))
    path = folder / f"config/{jobs}.yaml"
    path.write_text(yaml.safe_dump(study_of(name, seeds)), encoding="utf-8")
    return path
