"""What every job needs: a log that also reaches the user's eyes, and errors that speak."""

import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path

from skinkd.costs import measured
from skinkd.endings import EXIT_AGAIN, EXIT_BUG, EXIT_INPUT, ending_of, is_full_disk, path_to_problems

__all__ = ["EXIT_AGAIN", "EXIT_BUG", "EXIT_INPUT", "logged_to"]


@contextmanager
def logged_to(path, path_to_cost=None):
    """Send what the block prints to the log at `path`; end the job with one clear message.

    A job that ends well writes what it cost to `path_to_cost`, if that is given; how long it has only waited,
    it says in `waited_s` of what the block is given. Where a message names the first of many problems, all of
    them stand beside the log.

    A progress bar goes to `sys.__stderr__`, past this redirection, so that it
    reaches a terminal and never fills a log.

    Raises:
        SystemExit: 2 after an `InputError`, whose message ends the log, and where something may not be read
            or written; 75 where the job was asked to stop, or the disk is full, and it can go on; 1 after a
            bug.
    """
    log = None
    try:
        log = _open(path)
        with redirect_stdout(log), redirect_stderr(log), measured(path_to_cost) as waiting:
            yield waiting
    except Exception as error:
        status, message = ending_of(error, path)
        _say(message, log, also_past_it=is_full_disk(error))
        sys.exit(status)
    finally:
        # A full disk says so once more.
        with suppress(OSError):
            if log:
                log.close()


def _open(path):
    """The log, empty; the list of an earlier try is removed."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    path_to_problems(path).unlink(missing_ok=True)
    return open(path, "w", encoding="utf-8", buffering=1)


def _say(message: str, log, also_past_it: bool) -> None:
    """End the log with a message; say it past a log that lies on the disk at fault, or is none."""
    if not _is_written(message, log) or also_past_it:
        print(message, file=sys.__stderr__, flush=True)


def _is_written(message: str, log) -> bool:
    """Whether the log took the message."""
    try:
        return log is not None and log.write(f"{message}\n") > 0
    except OSError:
        return False
