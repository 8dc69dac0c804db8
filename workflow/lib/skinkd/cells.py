"""What a table of the report is made of: cells, rows, tables. They know values and words, not markup."""

import re
from dataclasses import dataclass, field, replace

from skinkd import formats

# Text longer than this stands in a paragraph.
LONG = 46


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: what is shown.
        lines: smaller lines below it, such as the interval.
        value, low, high: the unrounded numbers of results.json behind the text.
        why: the reason for a missing value or a verdict.
        kind: `text`, `number`, `missing` or `verdict`.
    """

    text: str
    lines: tuple[str, ...] = ()
    value: float | None = None
    low: float | None = None
    high: float | None = None
    why: str = ""
    kind: str = "text"


@dataclass(frozen=True)
class Column:
    key: str
    head: str
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """A table in the order it is read.

    Attributes:
        name: file name and anchor, `[a-z0-9_-]+`.
        title, caption: the first is bold, the second quotes what the numbers rest on.
        grouped: rows with the same first cell belong together; such a table is not sorted.
        folded: of interest to few; the page shows it on request.
        filed: of interest to programs; the page and the document name its files alone.
    """

    name: str
    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    grouped: bool = False
    folded: bool = False
    filed: bool = False
    notes: tuple[str, ...] = field(init=False)

    def __post_init__(self):
        cells = (cell for row in self.rows for cell in row)
        object.__setattr__(self, "notes", tuple(dict.fromkeys(cell.why for cell in cells if cell.why)))

    def note_of(self, cell: Cell) -> str:
        """The letter under which the cell's reason stands below the table: a, b, ..., aa."""
        return _letters(self.notes.index(cell.why)) if cell.why else ""

    def lettered_notes(self) -> list[tuple[str, str]]:
        return [(_letters(index), note) for index, note in enumerate(self.notes)]

    def groups(self) -> list[list[tuple[Cell, ...]]]:
        """Rows that share their first cell, in order; all rows in one group if not `grouped`."""
        groups = []
        for row in self.rows:
            if groups and (not self.grouped or groups[-1][0][0] == row[0]):
                groups[-1].append(row)
            else:
                groups.append([row])
        return groups


def _letters(index: int) -> str:
    last = chr(ord("a") + index % 26)
    return last if index < 26 else _letters(index // 26 - 1) + last


def slug(*words: str) -> str:
    """A file name from words: lower case, digits, `_` within and `-` between them."""
    return "-".join(re.sub(r"[^a-z0-9_]+", "-", word.lower()).strip("-") for word in words)


def text(words) -> Cell:
    return Cell(str(words))


def missing(reason: str, word: str = "not run") -> Cell:
    """A value that is not there, and why."""
    return Cell(absent_word(reason, word), why=reason or "no reason was recorded", kind="missing")


def absent_word(reason: str, word: str = "not run") -> str:
    """The word in the place of a value: that a job failed is another matter than that nobody asked for it."""
    return "failed" if reason.startswith("failed: ") else word


def count(value: int) -> Cell:
    return Cell(formats.count(value), value=value, kind="number")


def number(value: float | None, reason: str = "", word: str = "not run", metric: str = "") -> Cell:
    """A metric, or why there is none."""
    if value is None:
        return missing(reason, word)
    return Cell(formats.measured(value, metric), value=value, kind="number")


def share(value: float | None, reason: str = "", word: str = "none") -> Cell:
    """A share in [0, 1] as a percentage, or why there is none."""
    if value is None:
        return missing(reason, word)
    return Cell(formats.percent(value), value=value, kind="number")


def points(value: float | None, reason: str = "") -> Cell:
    """A difference in percentage points, whose column names the unit, or why there is none."""
    if value is None:
        return missing(reason, "no difference")
    return Cell(formats.shaped_points(value), value=value, kind="number")


def estimate(value, low, high, reason: str = "", more: tuple[str, ...] = (), metric: str = "") -> Cell:
    """A metric with its interval below it, or why there is none; `more` lines stand below both."""
    if value is None:
        return replace(missing(reason), lines=more)
    text = formats.measured(value, metric)
    if low is None or high is None:
        return Cell(text, lines=more, value=value, kind="number")
    return Cell(text, (formats.interval(low, high, metric), *more), value, low, high, kind="number")
