"""How far the whole graph is, after every job: a bar, the count, and the time that is left."""

import logging
import sys
import time
from collections import defaultdict

WIDTH = 24
# How long a job takes beside one that scores, until the first job of its rule has been timed.
EFFORT = defaultdict(lambda: 1.0, train=30.0, train_projection=40.0, cache_targets=20.0, explain=15.0)


class GraphProgress(logging.Handler):
    """Listens to Snakemake's events and writes one line whenever a job has finished."""

    def __init__(self, write=None, now=time.monotonic):
        super().__init__(level=logging.DEBUG)
        self._write = write or (lambda line: print(line, file=sys.stderr))
        self._now, self._started_s = now, now()
        self._counts: dict[str, int] = {}
        self._running: dict[int, tuple[str, float]] = {}
        self._durations_s: dict[str, list[float]] = defaultdict(list)

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of an event; write the line of a progress event."""
        event = str(getattr(record, "event", None) or "").rsplit(".", 1)[-1].lower()
        if event == "run_info":
            self._counts = {rule: count for rule, count in record.stats.items() if rule != "total"}
        elif event == "job_info":
            self._running[record.jobid] = (record.rule_name, self._now())
        elif event == "job_finished" and record.job_id in self._running:
            rule, started_s = self._running.pop(record.job_id)
            self._durations_s[rule].append(self._now() - started_s)
        elif event == "progress" and record.total:
            elapsed_s = self._now() - self._started_s
            left_s = seconds_left(self._counts, self._durations_s, elapsed_s)
            self._write(progress_line(record.done, record.total, left_s))


def seconds_left(counts: dict[str, int], durations_s: dict[str, list[float]], elapsed_s: float) -> float:
    """How long the jobs to come will take, at the pace of those that are done.

    A rule's job takes the mean of its finished ones; a rule without any takes its
    `EFFORT`, at the pace at which the finished jobs went through theirs.

    Args:
        counts: jobs of each rule, finished ones included.
        durations_s: run times of the finished jobs of each rule.
        elapsed_s: since the start; jobs that ran side by side make it shorter than their sum.
    """
    done_s = sum(map(sum, durations_s.values()))
    done_effort = sum(EFFORT[rule] * len(times) for rule, times in durations_s.items())
    if not done_s:
        return 0.0
    work_s = 0.0
    for rule, count in counts.items():
        times = durations_s.get(rule, [])
        typical_s = sum(times) / len(times) if times else EFFORT[rule] * done_s / done_effort
        work_s += typical_s * (count - len(times))
    return work_s * min(1.0, elapsed_s / done_s)


def progress_line(done: int, total: int, left_s: float) -> str:
    """Such as `[######------------------] 10 of 40 jobs, about 1 min 30 s left`."""
    filled = WIDTH * done // total
    minutes, seconds = divmod(round(left_s), 60)
    left = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    return f"[{'#' * filled}{'-' * (WIDTH - filled)}] {done} of {total} jobs, about {left} left"
