"""Results that one job made for another: they wait beside the unfinished runs until that job takes them."""

import os
import shutil
from collections.abc import Callable
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
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    write({name: partial / _file_of(name, path) for name, path in outputs.items()})
    (partial / SAID).write_text("\n".join(said), encoding="utf-8")
    (partial / FINGERPRINT).write_text(fingerprint, encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)


def take(place, fingerprint: str, outputs: dict, say: Callable = print) -> bool:
    """Put what was delivered into its place; False, and nothing is left of it, where it is of another run."""
    folder = path_to_delivery(place)
    fits = (folder / FINGERPRINT).read_text(encoding="utf-8") == fingerprint
    if fits:
        say((folder / SAID).read_text(encoding="utf-8"))
        for name, path in outputs.items():
            with whole(path) as partial:
                shutil.copyfile(folder / _file_of(name, path), partial)
    else:
        say(f"{folder} belongs to another config, other data or other code; starting over")
    shutil.rmtree(folder)
    return fits


def _file_of(name: str, path) -> str:
    """The name of an output's file in a delivery."""
    return name + Path(path).suffix
