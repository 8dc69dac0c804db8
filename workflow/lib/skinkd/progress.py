"""How far a long job is, and how long it will still take."""

import sys
import time

from tqdm import tqdm

LINES = 10


class Progress:
    """A bar on the terminal, if there is one, and about ten lines in the log.

    The bar goes to `sys.__stderr__`, past the redirection to a job's log.

    Args:
        total: units of work; None if not known, then there are no lines.
        unit: what is counted; `B` is written in kB, MB and so on.
        initial: units done before.
        say: takes each line.
    """

    def __init__(self, title: str, *, total: int | None, unit: str, initial: int = 0, say=print):
        self.title, self.total, self.unit, self.say = title, total, unit, say
        self.initial = self.done = initial
        self.started_s = time.monotonic()
        # sys.__stderr__ is None in a program without a console.
        on_terminal = sys.__stderr__ is not None and sys.__stderr__.isatty()
        self.bar = tqdm(
            desc=title,
            total=total,
            initial=initial,
            unit=unit,
            unit_scale=unit == "B",
            file=sys.__stderr__,
            disable=not on_terminal,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bar.close()

    def advance(self, units: int = 1) -> None:
        """Count `units` more as done; say so when another tenth is full."""
        before, self.done = self.done, self.done + units
        self.bar.update(units)
        if self.total and LINES * self.done // self.total > LINES * before // self.total:
            self.say(self._line())

    def _line(self) -> str:
        elapsed_s = time.monotonic() - self.started_s
        left_s = elapsed_s * (self.total - self.done) / max(self.done - self.initial, 1)
        done = f"{self.done / self.total:.0%}, {self.done:,} of {self.total:,} {self.unit}"
        return f"{self.title}: {done}, about {left_s:.0f} s left"
