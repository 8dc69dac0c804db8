"""What was found wrong before anything trains: kept beside what was checked, and said where it matters.

A check that finds something wrong still ends well and writes it down; whoever depends on it stops. So what
is wrong in all papers can be said at once, and one paper's fault does not stop another's trainings.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from skinkd.atomic import whole
from skinkd.errors import InputError, InputErrors
from skinkd.records import read_record, write_record

SHOWN = 10
WAYS_OUT = {
    "archive": "delete the folder that holds it and run again: the archive is ingested anew",
    "classes": "choose a split of the archive's classes, or delete the split's files and run again",
    "split": "delete the split's files and run again; where that does not help, correct split in the config",
    "batch": "lower training.batch_size, or take larger shares or a larger archive",
    "weights": "fetch the file again, or name weights of the same architecture, or `weights: null`",
}


class Finding(NamedTuple):
    """One thing that is wrong.

    Attributes:
        kind: a key of `WAYS_OUT`.
        place: the file, fold or arm.
        what: is wrong there.
    """

    kind: str
    place: str
    what: str


def write_findings(path, about: str, checked: dict, findings: Iterable[Finding]) -> None:
    """Write what was checked and what is wrong; all of it into a csv beside, where it is too much to show.

    Args:
        path: of the record, `.json`.
        about: what was checked, in words.
        checked: what holds, for readers.
    """
    by_kind: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_kind[finding.kind].append(finding)
    beside = Path(path).with_suffix(".csv")
    beside.unlink(missing_ok=True)
    if any(len(found) > SHOWN for found in by_kind.values()):
        _write_all(beside, [finding for found in by_kind.values() for finding in found])
    problems = {
        kind: {"n": len(found), "first": [f"{f.place}: {f.what}" for f in found[:SHOWN]]}
        for kind, found in by_kind.items()
    }
    write_record(path, {"about": about, "checked": checked, "problems": problems})


def _write_all(path: Path, findings: list[Finding]) -> None:
    """Every finding, one a row."""
    with whole(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([Finding._fields, *findings])


def check_findings(paths: Iterable) -> None:
    """Nothing where the records at `paths` hold no problem.

    Raises:
        InputErrors: one line for each kind of problem of each record.
    """
    errors = [error for path in paths for error in _errors_of(path)]
    if errors:
        raise InputErrors(errors)


def _errors_of(path) -> list[InputError]:
    """The problems of one record, one error for each kind."""
    record = read_record(path)
    return [
        InputError(
            kind,
            f"{record['about']}: {'; '.join(found['first'])}{_rest_of(path, found)}",
            "What is trained would rest on it",
            WAYS_OUT[kind],
        )
        for kind, found in record["problems"].items()
    ]


def _rest_of(path, found: dict) -> str:
    """How many more there are, and where."""
    more = found["n"] - len(found["first"])
    return f"; and {more:,} more, all of them in {Path(path).with_suffix('.csv')}" if more else ""
