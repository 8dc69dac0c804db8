"""Locks that Snakemake left in a folder when it was killed.

Snakemake locks a folder by files, which outlive it; a claim ends with its process. Where nobody holds the
claim, the files are what is left of a run that is gone.
"""

import os
import re
import socket
from collections.abc import Callable
from pathlib import Path

from skinkd.claims import Claim, WithoutLocks

LOCKS = Path(".snakemake/locks")
UNLOCK = "snakemake --unlock --cores 1"
SIGNATURE = re.compile(r"pid (?P<pid>\d+) on (?P<host>\S+) since ")


def take_over(
    claim: Claim, results, command: str = UNLOCK, say: Callable = print, dry_run: bool = False
) -> None:
    """Remove the locks that a killed run of a study left, or say how, where it cannot be known to be over.

    Args:
        claim: of the graph of the study.
        results: the study's folder of results.
        command: that unlocks the folder.
        dry_run: change nothing.
    """
    left = [lock for lock in sorted(LOCKS.glob("*.lock")) if _concerns(lock, Path(results))]
    if not left or claim.holder():
        return
    signature = claim.signature()
    if _is_over(signature) and (dry_run or _removed(left, claim)):
        which = "the next" if dry_run else "this"
        say(f"The run of {signature} was killed and left this folder locked; {which} run takes over.")
    else:
        say(
            f"{LOCKS} is locked, and nobody holds {results}: "
            f"the lock is left by {signature or 'an earlier run'}. If that run is over: {command}"
        )


def _concerns(lock: Path, results: Path) -> bool:
    """Whether a lock names files of this study, and not only those of another one below its results."""
    claimed: dict[Path, bool] = {}

    def is_claimed(folder):
        if folder not in claimed:
            claimed[folder] = (folder / "unfinished/run.lock").exists()
        return claimed[folder]

    files = map(Path, lock.read_text(encoding="utf-8").splitlines())
    own = (file for file in files if results in file.parents)
    between = ([folder for folder in file.parents if results in folder.parents] for file in own)
    return any(not any(map(is_claimed, folders)) for folders in between)


def _is_over(signature: str) -> bool:
    """Whether whoever signed a claim ran on this computer and is gone."""
    signed = SIGNATURE.match(signature)
    if not signed or signed["host"] != socket.gethostname():
        return False
    try:
        os.kill(int(signed["pid"]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def _removed(locks: list[Path], claim: Claim) -> bool:
    """Remove locks while nobody else can; whether that could be."""
    try:
        if not claim.take():
            return False
    except WithoutLocks:
        return False
    for lock in locks:
        lock.unlink(missing_ok=True)
    claim.release()
    return True
