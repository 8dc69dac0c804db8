"""Where DVC pushes bytes to and pulls them from, and what its failures mean to a user."""

import sys
from pathlib import Path
from typing import NamedTuple

from skinkd.errors import InputError
from skinkd.versioning.dvc_commands import MOST, dvc, reason, run


class Remote(NamedTuple):
    """A remote's name and place, and whether DVC compares what it pulls from it with its digest."""

    name: str
    place: str
    verified: bool

    @property
    def folder(self) -> Path | None:
        """The folder that it is; None where it is a server."""
        return None if "://" in self.place else Path(self.place)

    def __str__(self):
        return f"DVC remote '{self.name}' at {self.place}"


def default_remote() -> Remote | None:
    """The default remote, with the place that this machine's own config names, if any; None without one."""
    lines = dvc("config", "--list").splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line)
    name = settings.get("core.remote")
    if not name or f"remote.{name}.url" not in settings:
        return None
    verified = settings.get(f"remote.{name}.verify", "").lower() == "true"
    return Remote(name, settings[f"remote.{name}.url"], verified)


def push(target: Remote) -> None:
    """Push what is recorded.

    Raises:
        InputError: where the remote cannot be reached; everything stays recorded here.
    """
    outcome = "models stay local"
    # DVC itself makes the folders of a disk that is not there, or says that everything is up to date.
    if target.folder and not target.folder.parent.is_dir():
        raise _unreachable(target, outcome, "make version")
    ended = run([sys.executable, "-m", "dvc", "push"])
    if ended.returncode:
        raise _unreachable(target, outcome, "make version", reason(ended.stderr))


def pull(paths: list[str]) -> None:
    """Fetch files and folders as this commit records them, from the default remote.

    Raises:
        InputError: where it cannot be reached, holds damaged files, or unrecorded work would be written over.
    """
    source = default_remote()
    if source is None:
        raise InputError(
            "restore",
            "No DVC remote is set",
            "There is nowhere to fetch from",
            "dvc remote add -d --local store PLACE",
        )
    if source.folder and not source.folder.is_dir():
        raise _unreachable(source, "nothing was fetched", "make restore")
    if not source.verified:
        dvc("remote", "modify", "--local", source.name, "verify", "true")
    for start in range(0, len(paths), MOST):
        ended = run([sys.executable, "-m", "dvc", "pull", *paths[start : start + MOST]])
        if ended.returncode:
            raise _failed_pull(source, ended.stderr)


def _failed_pull(source: Remote, said: str) -> InputError:
    """Why DVC did not deliver: it asks "Is your cache up to date?" of damaged files, too."""
    if "Is your cache" in said:
        return InputError(
            "restore",
            f"{source} lacks files of this commit, or holds them damaged: {reason(said)}",
            "Nothing damaged was put in place",
            "where they were made, move the damaged remote away and make version, which pushes it again",
        )
    if "--force" in said:
        return InputError(
            "restore",
            f"Files here differ from this commit's and are recorded nowhere: {reason(said)}",
            "They would be lost",
            "run make version to record them, or delete them",
        )
    return _unreachable(source, "nothing was fetched", "make restore", reason(said))


def _unreachable(
    place: Remote, outcome: str, command: str, why: str = "There is no such folder"
) -> InputError:
    """The error for a remote that does not answer."""
    return InputError(
        command.removeprefix("make "),
        f"{place} is unreachable; {outcome}",
        why.rstrip("."),
        f"mount it, see to network and credentials, or name another place: dvc remote modify --local "
        f"{place.name} url PLACE; then {command} again. To go without: dvc remote default --unset",
    )
