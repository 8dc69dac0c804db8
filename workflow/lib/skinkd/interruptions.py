"""When a job is asked to stop: by a signal, or because its time is nearly over."""

import os
import signal
import time

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
# Slurm says when a job will be killed; a batch and a checkpoint take less than this.
MARGIN_S = 120
END_TIME = "SLURM_JOB_END_TIME"


class Interrupted(Exception):
    """A job stopped where it can go on."""


def time_is_nearly_over() -> bool:
    """Whether this process's allocation of a cluster ends before a batch and a checkpoint would."""
    return time.time() > float(os.environ.get(END_TIME) or "inf") - MARGIN_S


class Interruption:
    """While open, signals that ask a job to end are noted, not obeyed; whoever trains looks at `is_due`.

    Only a process's main thread hears signals, so it must be opened there.
    """

    def __init__(self):
        self._asked = False
        self._before: dict = {}

    @property
    def is_due(self) -> bool:
        """Whether to stop now."""
        return self._asked or time_is_nearly_over()

    def ask(self) -> None:
        """Ask for it, as a signal would."""
        self._asked = True

    def __enter__(self):
        self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, *_) -> None:
        self.ask()
