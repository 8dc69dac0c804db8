"""When a job is asked to stop: by a signal, or because its time is nearly over."""

import os
import shutil
import signal
import subprocess
import time
from datetime import datetime

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
# A batch and a checkpoint take less than this; of a job with little time, not more than a part is given up.
MARGIN_S, MARGIN_SHARE = 120, 0.25
END_TIME, JOB = "SLURM_JOB_END_TIME", "SLURM_JOB_ID"
ASKED_S = 30


def end_of_job_s() -> float:
    """When Slurm will end this job, in seconds as `time.time` counts them; infinity where no one will.

    Slurm 23 says it in the job's environment; an older one answers when asked.
    """
    if os.environ.get(END_TIME):
        return float(os.environ[END_TIME])
    if JOB not in os.environ or not shutil.which("squeue"):
        return float("inf")
    asked = ["squeue", "--noheader", f"--jobs={os.environ[JOB]}", "--format=%e"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, timeout=ASKED_S, check=False).stdout
        return datetime.fromisoformat(said.strip()).timestamp()
    except (ValueError, subprocess.TimeoutExpired):  # N/A, where there is no limit
        return float("inf")


class Interrupted(Exception):
    """A job stopped where it can go on."""


def time_is_nearly_over() -> bool:
    """Whether this process's allocation of a cluster ends before a batch and a checkpoint would."""
    return time.time() > end_of_job_s() - MARGIN_S


class Interruption:
    """While open, signals that ask a job to end are noted, not obeyed; whoever trains looks at `is_due`.

    Only a process's main thread hears signals, so it must be opened there.
    """

    def __init__(self):
        self._asked = False
        self._before: dict = {}
        left_s = end_of_job_s() - time.time()
        self._end_s = time.time() + left_s - min(MARGIN_S, MARGIN_SHARE * left_s)

    @property
    def is_due(self) -> bool:
        """Whether to stop now."""
        return self._asked or time.time() > self._end_s

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
