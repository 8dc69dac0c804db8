"""Freed memory is used again, and the process does not grow for ever."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from skinkd import allocator

# Pages that the kernel had to give while 64 MB were allocated, filled and freed sixty times.
FAULTS = """
import resource, torch
from skinkd.allocator import keep_freed_memory
{}
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(60):
    torch.ones(2**24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
# The largest size in kB after 20 and 80 rounds of tensors whose sizes alternate, as those of batches do.
GROWTH = """
import resource, torch
from skinkd.allocator import keep_freed_memory
keep_freed_memory()
for round in range(80):
    kept = [torch.ones(2**18 * size) for size in (3, 1, 4, 1, 5, 9)]
    del kept[1::2]
    kept += [torch.ones(2**18 * (2 + round % 3)) for _ in range(3)]
    del kept
    if round in (19, 79):
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
on_glibc = pytest.mark.skipif(not allocator._is_glibc(), reason="another C library")


def printed(code):
    """Numbers that a Python of its own prints."""
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(allocator.__file__).rsplit("/", 2)[0], "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    return [int(line) for line in run.stdout.split()]


@on_glibc
def test_freed_memory_is_not_asked_for_again():
    [given_back], [kept] = printed(FAULTS.format("")), printed(FAULTS.format("keep_freed_memory()"))
    # Small pieces settle in the gaps that alignment leaves, so that the first few are not free of charge.
    assert kept <= 0.2 * given_back


@on_glibc
def test_the_process_stops_growing():
    early, late = printed(GROWTH)
    assert late <= 1.05 * early


@on_glibc
def test_what_is_in_use_is_said():
    assert allocator.keep_freed_memory() == "glibc, keeps freed memory"


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _: SimpleNamespace())
    assert allocator.keep_freed_memory() == "the system's"


def test_a_glibc_that_refuses_is_said_too(monkeypatch):
    refusing = SimpleNamespace(gnu_get_libc_version=None, mallopt=lambda parameter, value: 0)
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _: refusing)
    assert allocator.keep_freed_memory() == "the system's"
