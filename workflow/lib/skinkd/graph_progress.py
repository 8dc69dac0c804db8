"""How far the whole graph is, after every job: a bar, the count, and the time that is left."""

import logging
import sys
import time

WIDTH = 24


class GraphProgress(logging.Handler):
    """Listens to Snakemake's progress events and writes one line for each.

    The estimate takes the jobs to come for as long as those that are done, so it
    settles once the long rules have run.
    """

    def __init__(self, write=None, now=time.monotonic):
        super().__init__(level=logging.DEBUG)
        self._write = write or (lambda line: print(line, file=sys.stderr))
        self._now, self._started_s = now, now()

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of a progress event; ignore everything else."""
        if str(getattr(record, "event", "")).lower().endswith("progress") and getattr(record, "total", 0):
            self._write(progress_line(record.done, record.total, self._now() - self._started_s))


def progress_line(done: int, total: int, elapsed_s: float) -> str:
    """Such as `[######------------------] 10 of 40 jobs, about 1 min 30 s left`."""
    filled = WIDTH * done // total
    left_s = round(elapsed_s * (total - done) / max(done, 1))
    minutes, seconds = divmod(left_s, 60)
    left = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    return f"[{'#' * filled}{'-' * (WIDTH - filled)}] {done} of {total} jobs, about {left} left"
