"""A copy of the project in a folder with a space and an umlaut, and Snakemake run in it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "workflow", "config", "envs", "profiles", "report", "tests/config")


def copy_project(folder: Path) -> Path:
    """The files that a run needs, copied below `folder`; its Python has a space in its path, too."""
    project = folder / "skin kd für alle"
    project.mkdir()
    (project / ".venv").symlink_to(sys.prefix)
    for part in PARTS:
        source, target = ROOT / part, project / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    return project


def snakemake(project: Path, *arguments: str, config="tests/config/smoke.yaml", timeout_s=600):
    """Run Snakemake in the project; its output is text, its exit status is not checked."""
    python = project / ".venv/bin/python"
    command = [
        str(python) if python.exists() else sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "2",
        *arguments,
    ]
    if config:
        command += ["--configfile", str(config)]
    return subprocess.run(
        command,
        cwd=project,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout_s,
        check=False,
    )


def jobs_of(output: str) -> dict[str, int]:
    """The table of jobs that a dry run prints, without its total."""
    table = re.search(r"^Job stats:\n.*?\n-+.*?\n(.*?)\ntotal", output, flags=re.MULTILINE | re.DOTALL)
    return {line.split()[0]: int(line.split()[1]) for line in table[1].splitlines()} if table else {}
