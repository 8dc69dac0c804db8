"""What Snakemake remembers of each file that it made: rule, inputs with their digests, parameters.

Snakemake keeps a JSON record per file; without one it takes whatever lies under the file's name for current.
"""

import json
import os
from base64 import urlsafe_b64encode
from pathlib import Path

from skinkd.atomic import write_text

FOLDER, INCOMPLETE = Path(".snakemake/metadata"), Path(".snakemake/incomplete")


def read(path_to_file: str) -> dict | None:
    """The record of a file; None where there is none, or where it was not written to its end."""
    try:
        return json.loads(_place(path_to_file).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def write(path_to_file: str, record: dict) -> None:
    """Let Snakemake remember a file as `record` says."""
    write_text(_place(path_to_file), json.dumps(record))


def is_known(path_to_file: str) -> bool:
    """Whether Snakemake has a record of a file."""
    return _place(path_to_file).exists()


def is_made_here(path_to_file: str) -> bool:
    """Whether a file has been as it is since Snakemake's job made it."""
    place = Path(path_to_file)
    # Snakemake dates a folder by its mark in it.
    mark = place / ".snakemake_timestamp"
    made = read(path_to_file)
    return made is not None and made["endtime"] == (mark if mark.exists() else place).stat().st_mtime


def trust(path_to_file: str) -> None:
    """Have Snakemake take a file for whole, though a job that made it was killed."""
    _place(path_to_file, INCOMPLETE).unlink(missing_ok=True)


def _place(path_to_file: str, below: Path = FOLDER) -> Path:
    """Where Snakemake 9 keeps a record: the name in base 64, cut where it is too long for a file's name."""
    # Where it finds only one of the two folders, Snakemake takes it for an older version's.
    for folder in (FOLDER, INCOMPLETE):
        folder.mkdir(parents=True, exist_ok=True)
    name = urlsafe_b64encode(path_to_file.encode()).decode()
    longest = os.pathconf(below, "PC_NAME_MAX") - 1
    *folders, last = [name[start : start + longest] for start in range(0, len(name), longest)]
    return below.joinpath(*(f"@{folder}" for folder in folders), last)
