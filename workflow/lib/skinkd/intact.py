"""Whether a file is what was written: digests that travel with files, and the error where they differ.

This finds what was damaged, edited or mixed up. Who rewrites a file and every record that names its digest
is not found.
"""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

from skinkd.atomic import digest_of, write_text
from skinkd.errors import InputError

SHOWN_DIGITS = 12
# File systems date changes by a clock that ticks this rarely: two changes may bear one date.
TICK_S = 2


def stamped_digest_of(path) -> str:
    """The sha256 of a large file, computed anew only where the file system says that it was touched.

    It is kept in a hidden file beside it, with inode, size and both dates of the file; no program sets back
    the date at which these were changed last. Where nothing can be written there, each call computes it.
    """
    path = Path(path)
    stamp, seen = path_to_stamp(path), _seen(path)
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(stamp.read_text(encoding="utf-8"))
        if kept["seen"] == seen:
            return kept["sha256"]
    has_settled = time.time_ns() - max(seen[2:]) > TICK_S * 1e9
    sha256 = digest_of(path)
    if has_settled and seen == _seen(path):
        with suppress(OSError):
            write_text(stamp, json.dumps({"seen": seen, "sha256": sha256}))
    return sha256


def path_to_stamp(path: Path) -> Path:
    """Where the digest of a large file is kept."""
    return path.with_name(f".{path.name}.digest")


def _seen(path: Path) -> list[int]:
    """What the file system says of a file: inode, size, and when contents and entry were changed."""
    about = os.stat(path)
    return [about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns]


def check_digest(code: str, path, found: str, written: str, said_by) -> None:
    """Compare a file's digest with the one that was written down when it was made.

    Args:
        code: of the error, the part of the pipeline that looks.
        found, written: sha256 in hexadecimal digits.
        said_by: the file in which the digest was written down.

    Raises:
        InputError: where they differ.
    """
    if found != written:
        raise InputError(
            code,
            f"{path} is not what was written: its sha256 is {shown(found)}, {said_by} says {shown(written)}",
            "It was damaged or edited, or belongs to another run",
            f"delete {path} and run again: the job that makes it repeats",
        )


def sealed(record: dict) -> dict:
    """A record with the digest of everything that it says, as `sha256`."""
    return {**record, "sha256": digest_of_record(record)}


def read_sealed(path, code: str) -> dict:
    """What `sealed` gave, from a JSON file.

    Raises:
        InputError: where the file is damaged or was edited.
    """
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        written = record.pop("sha256")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(
            code,
            f"{path} is not what was written ({type(error).__name__}: {error})",
            "It was damaged or edited",
            f"delete {path} and run again: the job that makes it repeats",
        ) from None
    check_digest(code, path, digest_of_record(record), written, "it")
    return {**record, "sha256": written}


def digest_of_record(record: dict) -> str:
    """The sha256 of what JSON can hold, whatever the order of its keys."""
    text = json.dumps(record, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def shown(digest) -> str:
    """The first digits of a digest."""
    digest = str(digest)
    return f"{digest[:SHOWN_DIGITS]}…" if len(digest) > SHOWN_DIGITS else digest
