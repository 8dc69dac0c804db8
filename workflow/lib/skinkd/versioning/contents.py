"""Digests of files and folders, and which files were not made from what lies here."""

import hashlib
import os
from functools import cache
from pathlib import Path

from skinkd.atomic import digest_of


def digest(path) -> str | None:
    """`sha256:` and the digest of a file, or of the names and files in a folder; None where neither is there.

    Hidden files, Snakemake's own marks, do not count. A file's is what Snakemake writes into its records.
    """
    place = Path(path)
    if place.is_dir():
        files = sorted(file for file in place.rglob("*") if file.is_file() and not file.name.startswith("."))
        names = "".join(f"{file.relative_to(place)} {digest(file)}\n" for file in files)
        return f"sha256:{hashlib.sha256(names.encode()).hexdigest()}"
    if not place.exists():
        return None
    state = os.stat(place)
    return _digest_of_file(str(place), state.st_mtime_ns, state.st_size)


@cache
def _digest_of_file(path: str, modified_ns: int, size_bytes: int) -> str:
    """Read once, for as long as a file stays as it is: code is an input of every job."""
    return f"sha256:{digest_of(path)}"


def differing_inputs(record: dict) -> list[str]:
    """Inputs that lie here with another content than the one that a file was made from."""
    recorded = record["input_checksums"]
    return [path for path in recorded if digest(path) not in (None, recorded[path])]
