"""Tables for booktabs and siunitx: the `tabular` alone, for this report and for somebody's own paper.

A column of numbers is an `S` column, whose format is that of its values. What is no number there (headings,
intervals, words) stands in braces, as siunitx asks.
"""

import re
import textwrap
from dataclasses import dataclass

from skinkd.cells import Table
from skinkd.column_widths import HEAD_LETTERS, paragraph_shares
from skinkd.formats import MINUS
from skinkd.latex import breakable, escape

# A glyph for the direction, which the sign says, too; sign, digits and unit.
NUMBER = re.compile(r"(?:[▲▼] )?([+−]?)(\d[\d,]*)(?:\.(\d+))?(?: (\S+))?")
EXPONENT = re.compile(r"([\d.]+)e([+−]?\d+)")
INTERVAL = re.compile(r"\[([^],]+), ([^],]+)\]")


@dataclass(frozen=True)
class _Layout:
    """How a column is set.

    Attributes:
        spec: as the `tabular` takes it.
        head: its heading, ready to print.
        unit: of the numbers that stand in an `S` column, in its heading; None in other columns.
        paragraph: whether its words are long, and so paths among them may break.
        stacked: whether the smaller lines of a cell stand in it, not in lines of the table below it.
    """

    spec: str
    head: str
    unit: str | None = None
    paragraph: bool = False
    stacked: bool = False


def tabular(table: Table, scale: str = "") -> str:
    """The `tabular`: caption and label belong to whoever inputs it.

    Args:
        scale: what a reader must know of all numbers, below them; empty at full scale.
    """
    shares = paragraph_shares(table)
    layouts = [_layout(table, index, shares) for index in range(len(table.columns))]
    body = "\\addlinespace\n".join(
        "".join(_row(table, layouts, row, not i) for i, row in enumerate(group)) for group in table.groups()
    )
    under = f"\\multicolumn{{{len(layouts)}}}{{@{{}}l@{{}}}}{{\\scriptsize {escape(scale)}}} \\\\\n"
    return (
        f"\\begin{{tabular}}{{@{{}}{' '.join(layout.spec for layout in layouts)}@{{}}}}\n\\toprule\n"
        f"{' & '.join(layout.head for layout in layouts)} \\\\\n\\midrule\n{body}\\bottomrule\n"
        f"{under if scale else ''}\\end{{tabular}}\n"
    )


def _layout(table, index, shares) -> _Layout:
    column = table.columns[index]
    cells = [row[index] for row in table.rows]
    if not column.numeric:
        return _Layout(_text_spec(shares.get(index)), escape(column.head), paragraph=index in shares)
    # Below a row of paragraphs the smaller lines would hang far from their numbers.
    if any(cell.lines for cell in cells) and shares:
        return _Layout("r", _head("r", column.head), stacked=True)
    unit = _unit(cells)
    numbers = [(cell, found) for cell in cells if (found := _number(cell, unit))]
    if not numbers:
        return _Layout("r", _head("r", column.head))
    named = f"{column.head}, {unit}" if unit and not column.head.endswith(f", {unit}") else column.head
    return _Layout(f"S[{_format(table, numbers)}]", f"{{{_head('c', named)}}}", unit)


def _head(align, words):
    """A heading over numbers, in short lines."""
    lines = textwrap.wrap(words, HEAD_LETTERS, break_long_words=False)
    return f"\\head{{{align}}}{{" + r" \\ ".join(map(escape, lines)) + "}"


def _text_spec(share):
    if share is None:
        return "l"
    return f">{{\\raggedright\\arraybackslash}}p{{{share:.2f}\\textwidth}}"


def _unit(cells) -> str:
    """The unit of all numbers of a column; empty where they have none or several."""
    found = {_unit_of(cell) for cell in cells if cell.kind == "number"}
    return found.pop() if len(found) == 1 else ""


def _unit_of(cell):
    match = NUMBER.fullmatch(cell.text)
    return (match[4] if match else None) or ""


def _number(cell, unit) -> re.Match | None:
    """Sign, whole and decimal digits of a number of the column's unit, or None for other cells."""
    match = NUMBER.fullmatch(cell.text) if cell.kind == "number" else None
    return match if match and (match[4] or "") == unit else None


def _format(table, numbers) -> str:
    """The options of an `S` column that holds these numbers."""
    signs = {found[1] for _, found in numbers}
    sign = "+" if "+" in signs else "-" if MINUS in signs else ""
    whole = max(len(found[2].replace(",", "")) for _, found in numbers)
    decimals = max(len(found[3] or "") for _, found in numbers)
    options = [f"table-format={sign}{whole}{f'.{decimals}' if decimals else ''}"]
    if "+" in signs:
        options.append("retain-explicit-plus")
    notes = [table.note_of(cell) for cell, _ in numbers if cell.why]
    if notes:
        options.append(f"table-space-text-post={{\\tablenote{{{max(notes, key=len)}}}}}")
    return ",".join(options)


def _row(table, layouts, row, opens_group):
    """A row of the table: one line of numbers, and one for each line of smaller ones below."""
    shown = [_cell(table, *pair) for pair in zip(layouts, row, strict=True)]
    if table.grouped and not opens_group:
        shown[0] = ""
    depth = max(len(cell.lines) for cell, to in zip(row, layouts, strict=True) if not to.stacked)
    below = [[_below(*pair, i) for pair in zip(layouts, row, strict=True)] for i in range(depth)]
    end = " \\\\[2pt]\n" if depth else " \\\\\n"
    apart = "\\addlinespace[2pt]\n" if any(layout.paragraph for layout in layouts) else ""
    return " \\\\*[-2pt]\n".join(" & ".join(line) for line in (shown, *below)) + end + apart


def _cell(table, layout, cell):
    note = f"\\tablenote{{{table.note_of(cell)}}}" if cell.why else ""
    number = None if layout.unit is None else _number(cell, layout.unit)
    if number:
        sign, whole, decimals = (number[part] or "" for part in (1, 2, 3))
        plain = f"{sign.replace(MINUS, '-')}{whole.replace(',', '')}{f'.{decimals}' if decimals else ''}"
        return f"{plain}{{{note}}}" if note else plain
    words = (breakable(cell.text) if layout.paragraph else _words(cell.text)) + note
    if layout.stacked:
        for line in cell.lines:
            words = f"\\stacked{{{words}}}{{{_line(line)}}}"
    return _set_apart(layout, words)


def _set_apart(layout, words):
    """Words of a cell, in braces where siunitx would else look for a number."""
    return f"{{{words}}}" if words and layout.unit is not None else words


def _words(text):
    power = EXPONENT.fullmatch(text)
    if power:
        return f"${power[1]}\\times 10^{{{int(power[2].replace(MINUS, '-'))}}}$"
    return escape(text)


def _below(layout, cell, index):
    if layout.stacked or index >= len(cell.lines):
        return ""
    return _set_apart(layout, _line(cell.lines[index]))


def _line(text):
    """Smaller words; the ends of intervals by a command of their own."""
    words, *ends = INTERVAL.split(text)
    words = escape(words)
    for low, high, after in zip(ends[::3], ends[1::3], ends[2::3], strict=True):
        words += f"\\ci{{{escape(low)}}}{{{escape(high)}}}{escape(after)}"
    return f"\\below{{{words}}}"
