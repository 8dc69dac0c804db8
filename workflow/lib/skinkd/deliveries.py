"""Results that one job made for another: they wait beside the unfinished runs until that job takes them."""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from skinkd.atomic import whole

FINGERPRINT, SAID = "fingerprint", "said.txt"


def path_to_delivery(place) -> Path:
    """The folder that waits for the job whose unfinished files lie at `place`, without a suffix."""
    return Path(place).with_suffix(".delivery")


def deliver(place, fingerprint: str, said: list[str], outputs: dict, write: Callable[[dict], None]) -> None:
    """Write a job's outputs for it to take, all of them or nothing.

    Args:
        fingerprint: of everything that the outputs depend on.
        said: lines for the job's log.
        outputs: paths of the job's own outputs by name.
        write: writes outputs to the paths that it is given under the same names.
    """
    folder = path_to_delivery(place)
    partial = _beside(folder, "partial")
    shutil.rmtree(partial, ignore_errors=True)
    write({name: partial / _file_of(name, path) for name, path in outputs.items()})
    with whole(partial / SAID) as path:
        path.write_text("\n".join(said), encoding="utf-8")
    with whole(partial / FINGERPRINT) as path:
        path.write_text(fingerprint, encoding="utf-8")
    _remove(folder)
    os.replace(partial, folder)


def take(place, fingerprint: str, outputs: dict, say: Callable = print) -> bool:
    """Put what was delivered into its place; False, and nothing is left of it, where it does not fit."""
    folder, takes = path_to_delivery(place), fits(place, fingerprint, outputs)
    if takes:
        say((folder / SAID).read_text(encoding="utf-8"))
        for name, path in outputs.items():
            with whole(path) as partial:
                shutil.copyfile(folder / _file_of(name, path), partial)
    elif not _is_whole(folder, outputs):
        say(f"{folder} is not whole; starting over")
    else:
        say(f"{folder} belongs to another config, other data or other code; starting over")
    discard(place)
    return takes


def fits(place, fingerprint: str, outputs: dict) -> bool:
    """Whether a whole delivery of this very run waits."""
    folder = path_to_delivery(place)
    try:
        return (
            _is_whole(folder, outputs) and (folder / FINGERPRINT).read_text(encoding="utf-8") == fingerprint
        )
    except FileNotFoundError:  # Its own job takes it in this moment.
        return False


def discard(place) -> None:
    """Remove a delivery, if there is one, and what killed processes left of others.

    Only for whoever may train the run: nobody else is writing a delivery then.
    """
    folder = path_to_delivery(place)
    _remove(folder)
    for rest in folder.parent.glob(f".{folder.name}.*"):
        shutil.rmtree(rest, ignore_errors=True)


def _remove(folder: Path) -> None:
    """Remove a delivery at once: whoever is killed meanwhile leaves nothing that looks like one."""
    removed = _beside(folder, "removed")
    shutil.rmtree(removed, ignore_errors=True)
    with suppress(FileNotFoundError):
        os.replace(folder, removed)
        shutil.rmtree(removed)


def _beside(folder: Path, what: str) -> Path:
    """A folder of this process, for what is not a delivery yet or no longer."""
    return folder.with_name(f".{folder.name}.{os.getpid()}.{what}")


def _is_whole(folder: Path, outputs: dict) -> bool:
    """Whether no file of a delivery is missing: one that is removed goes file by file."""
    files = [FINGERPRINT, SAID, *(_file_of(name, path) for name, path in outputs.items())]
    return all((folder / file).is_file() for file in files)


def _file_of(name: str, path) -> str:
    """The name of an output's file in a delivery."""
    return name + Path(path).suffix
