"""The commands of DVC that record a study, and what must be there for them to work."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

from skinkd import strict_yaml
from skinkd.errors import InputError

# Targets in one command line: each is a path of a hundred letters, and a line holds two million.
MOST = 500


def check_repository() -> None:
    """Let a folder pass in which DVC can work.

    Raises:
        InputError: where DVC or git is missing, or this folder is no repository of theirs.
    """
    if importlib.util.find_spec("dvc") is None:
        raise InputError(
            "version",
            "DVC is not installed",
            "It keeps the bytes of a study",
            "make version and make restore set it up; elsewhere: pip install 'dvc[s3,ssh]'",
        )
    if run(["git", "rev-parse", "--is-inside-work-tree"]).returncode:
        raise InputError(
            "version",
            f"{Path.cwd()} is not in a git repository",
            "git keeps which networks, data and code belong together",
            'clone the project, or here: git init && git add --all && git commit -m "Start"',
        )
    if not Path(".dvc").is_dir():
        raise InputError(
            "version",
            f"{Path.cwd()} has no folder .dvc",
            "It names the remote, and comes with the project",
            "git checkout -- .dvc, or: dvc init && dvc remote add -d store ../skinkd-store",
        )


def add(paths) -> None:
    """Have DVC record files and folders as they are now.

    A file below a folder that is recorded already joins that record; what else the record names stays in it,
    here or not. Files keep their dates: Snakemake looks at them.
    """
    paths = [str(path) for path in paths]
    for start in range(0, len(paths), MOST):
        dvc("add", "--no-relink", *paths[start : start + MOST])


def listed_below(folder: Path) -> list[str] | None:
    """Files that DVC's record of a folder names, here or not; None where this machine has not the list."""
    (out,) = strict_yaml.load(folder.with_name(f"{folder.name}.dvc"))["outs"]
    cache = Path(dvc("cache", "dir").strip())
    listing = cache / "files/md5" / out["md5"][:2] / out["md5"][2:]
    if not listing.exists():
        return None
    return [entry["relpath"] for entry in json.loads(listing.read_text(encoding="utf-8"))]


def dvc(*arguments: str) -> str:
    """What a command of DVC prints.

    Raises:
        InputError: with DVC's own words, where it fails.
    """
    ended = run([sys.executable, "-m", "dvc", *arguments])
    if ended.returncode:
        raise InputError(
            "version",
            f"dvc {arguments[0]} failed: {reason(ended.stderr)}",
            "Nothing was recorded or fetched",
            f"see to it, or ask DVC itself: dvc {arguments[0]}",
        )
    return ended.stdout


def reason(said: str) -> str:
    """The lines of DVC's errors that say something, in one."""
    lines = [line.strip().removeprefix("ERROR: ") for line in said.splitlines()]
    idle = ("Having any troubles", "<http", "Is your")
    kept = [line for line in lines if line and not line.startswith(idle)]
    return "; ".join(kept)[-600:] or "DVC gave no reason"


def run(command: list[str]) -> subprocess.CompletedProcess:
    """A finished command, its output as text; nothing is sent to anybody about it."""
    return subprocess.run(
        command,
        text=True,
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"DVC_NO_ANALYTICS": "1"},
    )
