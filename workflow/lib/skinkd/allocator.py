"""Freed memory that stays with the process.

A training step frees what it allocated, gigabytes at 224 px. glibc hands large pieces back to the kernel,
which then clears the same pages again for the next step: a third to a half of a step's time.

Source: mallopt(3).
"""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
NEVER = -1


def keep_freed_memory() -> str:
    """Tell glibc to keep what is freed for the next allocation; does nothing with another C library.

    The process stays as large as it has ever been, up to twice what it needs at once: small pieces settle in
    gaps that alignment leaves, and the first few times keep a large one from its old place.

    Returns:
        Which allocator is in use, for the record.
    """
    if not (_is_glibc() and _set(M_MMAP_MAX, 0) and _set(M_TRIM_THRESHOLD, NEVER)):
        return "the system's"
    return "glibc, keeps freed memory"


def _is_glibc() -> bool:
    """Whether the process runs on the GNU C library."""
    try:
        return hasattr(ctypes.CDLL(None), "gnu_get_libc_version")
    except (OSError, TypeError):  # no such handle on Windows
        return False


def _set(parameter: int, value: int) -> bool:
    """Set one parameter of malloc; whether that worked."""
    return ctypes.CDLL(None).mallopt(parameter, value) == 1
