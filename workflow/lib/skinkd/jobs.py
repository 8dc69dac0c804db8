"""What every job needs: a log that also reaches the user's eyes, and errors that speak."""

import sys
import traceback
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from skinkd.costs import measured
from skinkd.errors import InputError
from skinkd.interruptions import Interrupted

EXIT_INPUT = 2
EXIT_BUG = 1
EXIT_AGAIN = 75  # EX_TEMPFAIL: run again, and it goes on


@contextmanager
def logged_to(path, path_to_cost=None):
    """Send what the block prints to the log at `path`; end the job with one clear message.

    A job that ends well writes what it cost to `path_to_cost`, if that is given; how long it has only waited,
    it says in `waited_s` of what the block is given.

    A progress bar goes to `sys.__stderr__`, past this redirection, so that it
    reaches a terminal and never fills a log.

    Raises:
        SystemExit: 2 after an `InputError`, whose message ends the log; 75 where the job was asked to stop
            and can go on; 1 after a bug.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", buffering=1) as log:
        try:
            with redirect_stdout(log), redirect_stderr(log), measured(path_to_cost) as waiting:
                yield waiting
        except InputError as error:
            log.write(f"{error}\n")
            sys.exit(EXIT_INPUT)
        except Interrupted as stop:
            log.write(f"{stop}\n")
            sys.exit(EXIT_AGAIN)
        except Exception:
            traceback.print_exc(file=log)
            sys.exit(EXIT_BUG)
