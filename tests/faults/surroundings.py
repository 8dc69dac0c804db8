"""What surrounds a job, made worse from within its process: its disk, its network, its rights, its life."""

import ctypes
import os
import signal
import threading
import time
from pathlib import Path

import pytest

NEW_MOUNTS, NEW_USER, NEW_NETWORK = 0x0002_0000, 0x1000_0000, 0x4000_0000
PRIVATE = 0x4_4000  # of every mount below, too
LIBC = ctypes.CDLL(None, use_errno=True)


def leave(what: int) -> None:
    """Go on without the mounts or the network of this machine.

    Raises:
        OSError: where that is not allowed here.
    """
    user, group = os.geteuid(), os.getegid()
    _check(LIBC.unshare(what if user == 0 else what | NEW_USER))
    if user:
        # Without a name in the new world, nothing could be written there.
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")


def _check(failed: int) -> None:
    """Raise what a function of the C library failed with."""
    if failed:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


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
    _check(LIBC.mount(None, b"/", None, PRIVATE, None))
    _check(LIBC.mount(b"none", os.fsencode(folder), b"tmpfs", 0, f"size={size_kb}k".encode()))


def without_rights() -> None:
    """Have no right over files but those of their modes, as any user who is not root."""
    third_version, this_process = 0x2008_0522, 0
    header = (ctypes.c_uint32 * 2)(third_version, this_process)
    _check(LIBC.capset(header, (ctypes.c_uint32 * 6)()))


def signal_once(pattern: str, folder: Path, number: signal.Signals):
    """What a job calls first so that it gets a signal as soon as a file below a folder holds anything."""

    def wait():
        while not any(map(_holds_anything, folder.glob(pattern))):
            time.sleep(0.005)
        os.kill(os.getpid(), number)

    return lambda: threading.Thread(target=wait, daemon=True).start()


def _holds_anything(path: Path) -> bool:
    """Whether a file is there, which may be gone in a moment, and is not empty."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
