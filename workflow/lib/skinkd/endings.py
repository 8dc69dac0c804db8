"""How a job ends: its exit status, and the lines that say why."""

import csv
import errno
import os
import pwd
import shutil
import traceback
from contextlib import suppress
from pathlib import Path

from skinkd.atomic import whole
from skinkd.errors import MOST_EXAMPLES, InputError
from skinkd.interruptions import Interrupted

EXIT_INPUT = 2
EXIT_BUG = 1
EXIT_AGAIN = 75  # EX_TEMPFAIL: run again, and it goes on
# No space left, no quota left, larger than a file may be.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def ending_of(error: Exception, path_to_log) -> tuple[int, str]:
    """The exit status after an error and what to say of it; a long list of problems goes to a file.

    Args:
        path_to_log: of the job that ended; the list lies beside it.
    """
    if isinstance(error, InputError):
        return EXIT_INPUT, f"{error}{_listed(error.problems, path_to_problems(path_to_log))}"
    if isinstance(error, Interrupted):
        return EXIT_AGAIN, str(error)
    if is_full_disk(error):
        return EXIT_AGAIN, str(_full(_path_of(error) or path_to_log, error.strerror))
    if isinstance(error, OSError) and error.errno in FORBIDDEN and (path := _path_of(error)):
        return EXIT_INPUT, str(_forbidden(path, error.strerror))
    return EXIT_BUG, "".join(traceback.format_exception(error)).rstrip()


def is_full_disk(error: Exception) -> bool:
    """Whether there was no room for what was to be written."""
    return isinstance(error, OSError) and error.errno in FULL


def _path_of(error: OSError) -> str | None:
    """What the error is about, the new name where a file was to be renamed; None where it does not say."""
    named = (error.filename2, error.filename)
    return next((os.fsdecode(name) for name in named if name and not isinstance(name, int)), None)


def path_to_problems(path_to_log) -> Path:
    """Where the whole list of problems stands whose first ones a log names."""
    return Path(path_to_log).with_suffix(".problems.csv")


def _listed(problems: tuple[str, ...], path: Path) -> str:
    """Where all problems stand, in words; nothing where the message names them all."""
    if len(problems) <= MOST_EXAMPLES:
        return ""
    try:
        with whole(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([["problem"], *([line] for line in problems)])
    except OSError:
        # The message is worth more than the list.
        return ""
    return f" All {len(problems):,} are in {path}."


def _full(path, reason: str) -> InputError:
    folder = _nearest(path)
    free_mb = shutil.disk_usage(folder).free / 1e6
    return InputError(
        "disk",
        f"no room below {folder}: {reason}; {free_mb:,.1f} MB are free there",
        "The job stopped; what was whole before it is whole still",
        "free some space, or raise the quota, and run again: the run goes on where it was saved",
    )


def _forbidden(path, reason: str) -> InputError:
    place = _nearest(path)
    owner, ours = _name_of(place.stat().st_uid), _name_of(os.geteuid())
    return InputError(
        "permission",
        f"{path}: {reason}; {place} belongs to {owner}, this job runs as {ours}",
        "The job could not read or keep its files",
        f"let {ours} read and write there, or set results to a folder of your own",
    )


def _nearest(path) -> Path:
    """The path, or the first folder above it that can be seen."""
    path = Path(path).absolute()
    for place in (path, *path.parents):
        with suppress(OSError):
            place.stat()
            return place
    return Path("/")


def _name_of(user: int) -> str:
    """The name of a user, or the number where it has none."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
