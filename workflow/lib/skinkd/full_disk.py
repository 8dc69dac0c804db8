"""A full disk in words: torch and safetensors say that a file could not be written, and not why."""

import errno
import os
import shutil
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

# No space left, no quota left, larger than a file may be.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PIECE_BYTES = 2**20


@contextmanager
def room_for(what: str, folder, need_bytes: int) -> Iterator[None]:
    """Say it where the block fails because `folder` has no room for what it writes.

    Args:
        what: is written, for the message.
        need_bytes: that it takes, about.

    Raises:
        OSError: with errno ENOSPC, that names the folder, the bytes needed and those that are free.
    """
    try:
        yield
    except Exception as error:
        _let_go(error)
        if getattr(error, "errno", None) not in FULL and _takes(folder, need_bytes):
            raise
        free_bytes = shutil.disk_usage(folder).free
        raise OSError(
            errno.ENOSPC,
            f"{what} needs about {need_bytes:,} bytes, {free_bytes:,} are free",
            str(folder),
        ) from error


def bytes_of(state) -> int:
    """What the tensors of a nested state take."""
    if isinstance(state, torch.Tensor):
        return state.nbytes
    if isinstance(state, dict):
        return sum(map(bytes_of, state.values()))
    return sum(map(bytes_of, state)) if isinstance(state, list | tuple) else 0


def _let_go(error: BaseException | None) -> None:
    """Free what the frames of an error hold: torch's writer keeps its file, and with it the space, open."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__


def _takes(folder, need_bytes: int) -> bool:
    """Whether so many bytes can be written there: neither quotas nor limits show in the free space."""
    try:
        with tempfile.TemporaryFile(dir=Path(folder)) as file:
            for _ in range(0, need_bytes, PIECE_BYTES):
                file.write(bytes(PIECE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.errno not in FULL
    return True
