"""A copy of the project in a folder with a space and an umlaut, and Snakemake run in it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = (
    *("Snakefile", "workflow", "config", "envs", "profiles", "report", "requirements.lock"),
    "tests/config",
)
SMOKE = ROOT / "tests/config/smoke.yaml"


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


def snakemake(project: Path, *arguments: str, config="tests/config/smoke.yaml", within=(), timeout_s=1800):
    """Run Snakemake in the project; its output is text, its exit status is not checked.

    Args:
        within: words before the command, such as `unshare --net`.
    """
    python = project / ".venv/bin/python"
    command = [
        *within,
        str(python) if python.exists() else sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "2",
        *arguments,
    ]
    if config:
        command += ["--configfile", *map(str, config if isinstance(config, tuple) else (config,))]
    return subprocess.run(
        command,
        cwd=project,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout_s,
        check=False,
        # The tests themselves may have been called by make, which names the report by itself.
        env={name: value for name, value in os.environ.items() if name != "MAKELEVEL"},
    )


def jobs_of(output: str) -> dict[str, int]:
    """The table of jobs that a dry run prints, without its total."""
    table = re.search(r"^Job stats:\n.*?\n-+.*?\n(.*?)\ntotal", output, flags=re.MULTILINE | re.DOTALL)
    return {line.split()[0]: int(line.split()[1]) for line in table[1].splitlines()} if table else {}


def runs_of(output: str, rule: str, stage: str) -> list[str]:
    """The runs, such as `dsnet/leak_free/dsnet/fold0-seed0`, that jobs of a rule make."""
    # Jobs of a group stand further to the right.
    outputs = re.findall(
        rf"^ *(?:local)?rule {rule}:\n(?: +.*\n)*? +output: (.*)$", output, flags=re.MULTILINE
    )
    return [re.search(rf"/{stage}/(.*?)\.safetensors", output)[1] for output in outputs]
