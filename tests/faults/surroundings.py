"""What surrounds a job, made worse from within its process: its disk, its network, its rights, its life."""

import ctypes
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

NEW_MOUNTS, NEW_USER, NEW_NETWORK = 0x0002_0000, 0x1000_0000, 0x4000_0000
LIBC = ctypes.CDLL(None, use_errno=True)


def leave(what: int) -> None:
    """Go on without the mounts or the network of this machine.

    Raises:
        OSError: where that is not allowed here.
    """
    if LIBC.unshare(what if os.geteuid() == 0 else what | NEW_USER):
        raise OSError(ctypes.get_errno(), "unshare is not allowed here")


def skip_where_not_allowed(what: int, name: str) -> None:
    """Skip a fault that this machine cannot make, and say why."""
    allowed = os.fork()
    if allowed == 0:
        try:
            leave(what)
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(allowed, 0)[1]:
        pytest.skip(f"this machine does not let a process leave its {name}")


def without_network() -> None:
    """Have no network, not even this machine's own address."""
    leave(NEW_NETWORK)


def small_disk(folder: Path, size_kb: int) -> None:
    """Put a disk of a size at a folder, for this process alone."""
    leave(NEW_MOUNTS)
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "none", folder], check=True)


def without_rights() -> None:
    """Have no right over files but those of their modes, as any user who is not root."""
    version_3, nothing = ctypes.c_uint32(0x2008_0522), [0] * 6
    header = (ctypes.c_uint32 * 2)(version_3.value, 0)
    if LIBC.capset(header, (ctypes.c_uint32 * 6)(*nothing)):
        raise OSError(ctypes.get_errno(), "capset failed")


def signal_once(pattern: str, folder: Path, number: signal.Signals):
    """What a job calls first so that it gets a signal as soon as a file below a folder exists."""

    def wait():
        while not list(folder.glob(pattern)):
            time.sleep(0.005)
        os.kill(os.getpid(), number)

    return lambda: threading.Thread(target=wait, daemon=True).start()
