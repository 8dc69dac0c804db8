"""What jobs cost: run time, processor time and memory, measured by each job itself.

Snakemake's own measurement looks at a job's processes twice a second, misses short ones, and would see only
the client of a job that runs in a copy of the standby process.
"""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from skinkd.records import read_record, write_record

BYTES_PER_UNIT = 1 if sys.platform == "darwin" else 1024  # of getrusage's memory


@dataclass
class Waiting:
    """What a job says of itself: the seconds in which it did nothing but wait for another job."""

    waited_s: float = 0.0


@contextmanager
def measured(path) -> Iterator[Waiting]:
    """Write what the block cost to `path`, if it ends well; a path of None measures nothing.

    The record holds `runtime_s`, what the block says to have waited left out, `cpu_s` of this process and of
    its children that ended, and `max_memory_mb`, the most that one of them held, libraries included.
    """
    started_s, started_cpu_s, waiting = time.monotonic(), _cpu_s(), Waiting()
    yield waiting
    if path is None:
        return
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    record = {
        "runtime_s": round(time.monotonic() - started_s - waiting.waited_s, 3),
        "cpu_s": round(_cpu_s() - started_cpu_s, 3),
        "max_memory_mb": round(max(usage.ru_maxrss for usage in usages) * BYTES_PER_UNIT / 1e6, 1),
    }
    write_record(path, record)


def _cpu_s() -> float:
    """Processor seconds so far."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def read_cost(paths) -> list[dict]:
    """Jobs, run time and processor time in seconds and greatest memory in MB of each rule.

    Args:
        paths: `.../costs/<rule>/...json`, as `measured` writes them.
    """
    records_of_rule: dict[str, list[dict]] = {}
    for path in map(Path, paths):
        records_of_rule.setdefault(_rule_of(path), []).append(read_record(path))
    return [_cost_of(rule, records) for rule, records in sorted(records_of_rule.items())]


def _rule_of(path: Path) -> str:
    """The name of the folder below the last one called costs."""
    *_, folder = (index for index, part in enumerate(path.parts[:-1]) if part == "costs")
    return path.parts[folder + 1]


def _cost_of(rule: str, records: list[dict]) -> dict:
    return {
        "rule": rule,
        "jobs": len(records),
        "runtime_s": round(sum(record["runtime_s"] for record in records), 1),
        "cpu_s": round(sum(record["cpu_s"] for record in records), 1),
        "max_memory_mb": max(record["max_memory_mb"] for record in records),
    }
