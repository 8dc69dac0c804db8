"""Whether we may write where a run will write, tried by writing."""

import os
import pwd
import stat
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile

from skinkd.errors import InputError, examples

# What may stand behind the results' folder in a path: kind, paper, protocol, arm, run, and what an unfinished
# file adds to its name.
BEHIND_RESULTS_BYTES = 300


def check_working_folder(folder: Path, results: str, dry_run: bool) -> None:
    """See that Snakemake can keep its records in a folder, before it tries and shows a traceback.

    Args:
        results: the config's folder of results, perhaps relative to this one.

    Raises:
        InputError: where it cannot, where the folder's name breaks the lines of every list of paths, or where
            the results' paths are longer than the system takes.
    """
    if "\n" in str(folder) or "\r" in str(folder):
        what = f"the name of the folder {str(folder)!r} has a line break"
        raise InputError("folder", what, "Lists of paths would fall apart", "rename it and run again")
    _check_lengths(folder, results)
    records = folder / ".snakemake"
    # A dry run reads the records that are there, and makes them where there are none.
    if not (dry_run and records.exists()) and (error := problem_of_folders([records])):
        raise error


def _check_lengths(folder: Path, results: str) -> None:
    """Refuse results whose files, or Snakemake's records of them, the system would not take."""
    most, most_of_name = (os.pathconf("/", name) for name in ("PC_PATH_MAX", "PC_NAME_MAX"))
    own_bytes = len(os.fsencode(results)) + BEHIND_RESULTS_BYTES
    # A record's name is its file's in base64, cut into names of folders.
    record_bytes = own_bytes * 4 // 3 * (most_of_name + 1) // most_of_name + len("/.snakemake/metadata/")
    longest_bytes = len(os.fsencode(folder)) + max(own_bytes, record_bytes)
    name_bytes = max(len(os.fsencode(name)) for name in results.split("/"))
    if longest_bytes < most and name_bytes <= most_of_name:
        return
    results_bytes = len(os.fsencode(results))
    what = f"results is {results[:60]}… of {results_bytes:,} bytes, its longest name of {name_bytes:,}"
    why = f"The system takes names of {most_of_name:,} bytes, and paths of {most:,} with Snakemake's own part"
    raise InputError("folder", what, why, "set results in the config to a shorter path")


def problem_of_folders(folders: Iterable) -> InputError | None:
    """One error that names the folders in which, or above which, nothing can be written; None where all can.

    A file is made in each and removed again: modes alone do not know of read-only disks and quotas.
    """
    tried = {folder: _nearest(Path(folder)) for folder in map(str, folders)}
    refused = {place: reason for place in set(tried.values()) if (reason := _refusal(place))}
    wanted = sorted(folder for folder, place in tried.items() if place in refused)
    if not wanted:
        return None
    why = "Its jobs would end without a result, and could not even say so in a log"
    fix = "give yourself the right to write there, or set results in the config to a folder of your own"
    what = f"{examples(wanted, most=2)} cannot be written: {_told(refused)}"
    return InputError("folder", what, why, fix)


def _told(refused: dict[Path, str]) -> str:
    """What is known of each folder that takes no file, and who we are."""
    return f"{examples(map('{0[0]} ({0[1]})'.format, sorted(refused.items())))}; we are {_user(os.geteuid())}"


def _nearest(folder: Path) -> Path:
    """The folder itself, or the nearest above it that is there."""
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if _is_there(place))


def _is_there(place: Path) -> bool:
    """Whether a path names anything that we can see, an overlong name or a hidden one nothing."""
    try:
        return place.exists()
    except OSError:
        return False


def _refusal(place: Path) -> str:
    """Why no file can be made in a folder; nothing where one can."""
    try:
        with NamedTemporaryFile(dir=place, prefix=".skinkd-"):
            return ""
    except OSError as error:
        about = place.stat()
        owner = f"owner {_user(about.st_uid)}, mode {stat.filemode(about.st_mode)}"
        return f"{error.strerror}; {owner}"


def _user(number: int) -> str:
    """A user's name and number; the number alone where it has no name."""
    try:
        return f"{pwd.getpwuid(number).pw_name} ({number})"
    except KeyError:
        return str(number)
