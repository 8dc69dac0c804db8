"""A csv table read as it is written: nothing guessed, nothing shifted, nothing turned into a gap."""

import csv
import io
from pathlib import Path
from typing import NamedTuple

from skinkd.errors import InputError, examples


class Sheet(NamedTuple):
    """The cells of a csv file as text, without surrounding blanks.

    Args:
        name: file name, for messages.
        header: column names.
        rows: one dict per row, by column name.
        numbers: row numbers as a spreadsheet shows them, the header being row 1.
        notices: what was mended on the way.
    """

    name: str
    header: tuple[str, ...]
    rows: list[dict[str, str]]
    numbers: list[int]
    notices: tuple[str, ...]


def read_sheet(path) -> Sheet:
    """Read a UTF-8 csv file with `,` between its cells.

    Raises:
        InputError: not there, not UTF-8, NUL bytes, other separator, doubled or blank
            column names, rows with more or fewer cells than the header.
    """
    name = Path(path).name
    header, *rows = _parse(_text_of(path), name)
    numbers, rows = [number for number, _ in rows], [row for _, row in rows]
    header, n_padded_names = _stripped(header[1])
    _check_header(header, name)
    _check_widths(header, rows, numbers, name)
    pairs = [_stripped(row) for row in rows]
    n_padded = n_padded_names + sum(n for _, n in pairs)
    notices = (f"{name}: stripped blanks around {n_padded:,} cells",) if n_padded else ()
    records = [dict(zip(header, row, strict=True)) for row, _ in pairs]
    return Sheet(name, tuple(header), records, numbers, notices)


def _text_of(path) -> str:
    """The file's text without a byte order mark."""
    name = Path(path).name
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(
            "table", f"{path}: {error.strerror}", "The table is needed", "check the path in the config"
        ) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        what = f"{name} is not UTF-8 (byte 0x{content[error.start]:02x} at line {line})"
        raise InputError("table", what, "Names would be garbled", "save it as UTF-8") from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError("table", f"{name} has a NUL byte at line {line}", "It is damaged", "get it again")
    return text


def _parse(text: str, name: str) -> list[tuple[int, list[str]]]:
    """Row numbers and cells, blank lines left out, the header first."""
    try:
        rows = [
            (i, row) for i, row in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), 1) if row
        ]
    except csv.Error as error:
        raise InputError("table", f"{name}: {error}", "Its cells cannot be told apart", "mend it") from error
    if not rows:
        raise InputError("table", f"{name} is empty", "There is nothing to read", "get it again")
    return rows


def _stripped(cells: list[str]) -> tuple[list[str], int]:
    """The cells without surrounding blanks, and how many had some."""
    stripped = [cell.strip() for cell in cells]
    return stripped, sum(a != b for a, b in zip(cells, stripped, strict=True))


def _check_header(header: list[str], name: str) -> None:
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        mark = ";" if ";" in header[0] else "tab"
        what = f"{name} has one column, '{header[0]}'"
        raise InputError(
            "table", what, f"Its cells are set apart by '{mark}'; did you mean ','?", "save it with commas"
        )
    doubled = sorted({column for column in header if header.count(column) > 1})
    if doubled or "" in header:
        what = f"{name} has " + (
            f"doubled columns: {examples(doubled)}" if doubled else "a column without a name"
        )
        raise InputError("table", what, "One value would hide another", "rename or remove them")


def _check_widths(header, rows, numbers, name: str) -> None:
    ragged = [
        f"row {number} has {len(row)}"
        for number, row in zip(numbers, rows, strict=True)
        if len(row) != len(header)
    ]
    if ragged:
        what = f"{name} has {len(header)} columns, but {examples(ragged)}"
        raise InputError("table", what, "Values would shift into other columns", "mend these rows", ragged)
