"""Files appear whole or not at all, and are known by their digest."""

import glob
import hashlib
import os
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path):
    """Yield a temporary path beside `path`; it replaces `path` when the block succeeds.

    The bytes are on the disk before the name is: a killed job leaves the old file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        # Python names a folder in which nothing may be written; torch and safetensors do not.
        partial.touch()
        yield partial
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
        _sync_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def partials_of(path) -> list[Path]:
    """What `whole` left beside a path in processes that were killed, or is still writing there."""
    path = Path(path)
    return [*path.parent.glob(f".{glob.escape(path.name)}.*.partial")]


def _sync_folder(folder: Path) -> None:
    """Have a new name on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def digest_of(path) -> str:
    """The sha256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
