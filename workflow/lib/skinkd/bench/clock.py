"""What a piece of work cost: wall seconds, and CPU seconds of this process with those that it started."""

import resource
import time
from collections.abc import Callable

import psutil


def cpu_s() -> float:
    """CPU seconds of this process, of its children that have ended, and of those that live."""
    own, ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    spent = own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime
    return spent + sum(map(_spent_by, psutil.Process().children(recursive=True)))


def _spent_by(process: psutil.Process) -> float:
    """CPU seconds of a process that still lives, and of its children that have ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system + times.children_user + times.children_system


def timed(work: Callable[[], dict]) -> dict:
    """What `work` says, with the `cpu_s` and `wall_s` that it took unless it says them itself."""
    started_s, started_cpu_s = time.perf_counter(), cpu_s()
    said = work()
    return {"cpu_s": cpu_s() - started_cpu_s, "wall_s": time.perf_counter() - started_s} | said
