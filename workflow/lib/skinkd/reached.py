"""How far a run got, batch by batch, in a file that a kill leaves.

It says what was lost since the checkpoint.
"""

import os
from contextlib import suppress
from pathlib import Path

WIDTH = 64


def path_to_reached(path) -> Path:
    """The file of the run whose checkpoint is at `path`."""
    return Path(f"{path}.reached")


class Reached:
    """Notes each batch of a run.

    A write of one line into an open file takes microseconds and waits for no disk; it need not survive a
    power cut.
    """

    def __init__(self, path, fingerprint: str):
        self.path, self.fingerprint = path_to_reached(path), fingerprint
        self._file: int | None = None

    def note(self, epoch: int, batch: int) -> None:
        """The run has trained so many batches of an epoch; both start at 0."""
        # It only informs: a disk that takes no line will soon be noticed by what matters.
        with suppress(OSError):
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            os.pwrite(self._file, f"{epoch} {batch} {self.fingerprint[:16]}".ljust(WIDTH).encode(), 0)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def read_reached(path, fingerprint: str) -> tuple[int, int] | None:
    """The epoch and the batches in it that the run last noted; None where it noted nothing."""
    try:
        epoch, batch, run = path_to_reached(path).read_text(encoding="utf-8").split(maxsplit=2)
        return (int(epoch), int(batch)) if run.rstrip() == fingerprint[:16] else None
    except (OSError, ValueError):
        return None
