"""Who works on something that only one process may: a lock that ends with the process that holds it."""

import fcntl
import os
import socket
from datetime import datetime
from pathlib import Path
from time import monotonic

from skinkd.errors import InputError


class WithoutLocks(InputError):
    """The file system has no locks."""


class Claim:
    """The right to train one run, or to run the graph, for as long as it is held; only one process has it.

    Args:
        place: of what is unfinished, without a suffix.

    Attributes:
        waited_s: how long this process did nothing but wait for it.
    """

    def __init__(self, place):
        self.path = Path(place).with_suffix(".lock")
        self.waited_s = 0.0
        self._file: int | None = None

    def take(self, wait: bool = False) -> bool:
        """Take it; False where another process has it and this one does not wait.

        Raises:
            WithoutLocks: where there are none.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while self._file is None:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            if not self._lock(file, wait):
                os.close(file)
                return False
            # Whoever held it before has removed it; then somebody else may hold the file that is there now.
            if self._is_there(file):
                self._file = file
                self._sign()
            else:
                os.close(file)
        return True

    def holder(self) -> str | None:
        """Which process has it: its number, its computer, since when; None where nobody has."""
        try:
            with open(self.path, encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return self.signature() or "another process"
        except OSError:  # There is no such file, or nothing can be locked here.
            return None
        return None

    def signature(self) -> str:
        """Who took it last and has not given it up, dead or alive; empty where nobody has."""
        try:
            return self.path.read_text(encoding="utf-8").strip()
        except OSError:
            return ""

    def _sign(self) -> None:
        """Say who holds it."""
        since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"pid {os.getpid()} on {socket.gethostname()} since {since}\n".encode(), 0)

    def release(self) -> None:
        """Give it up, if it is held; the file disappears."""
        if self._file is not None:
            self.path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None

    def _lock(self, file: int, wait: bool) -> bool:
        """Whether the lock on an open file was free, or is by the end of the wait."""
        started_s = monotonic()
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            os.close(file)
            raise WithoutLocks(
                "training",
                f"{self.path} cannot be locked ({error.strerror})",
                "Two jobs would train the same student",
                "set device.students_together to 1, or put the results on a disk that has locks",
            ) from None
        self.waited_s += monotonic() - started_s if wait else 0.0
        return True

    def _is_there(self, file: int) -> bool:
        """Whether the path still names this open file."""
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(file))
        except FileNotFoundError:
            return False
