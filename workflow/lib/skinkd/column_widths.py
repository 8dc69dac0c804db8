"""How wide the columns of paragraphs of a table are on paper: what the others leave, shared by need."""

import re
import textwrap
from math import sqrt
from statistics import fmean as _mean

from skinkd.cells import LONG, Table

# About so many letters go into a line of a page of paper, and so many stand between two columns.
LINE_LETTERS = 122
GAP_LETTERS = 2
# Letters in a line of a heading over numbers.
HEAD_LETTERS = 13
# Smaller lines below a number, as a share of its letters' width.
BELOW_SHARE = 0.8
# In a table that has paragraphs, words longer than this stand in one, too.
SHORT = 20
LEAST_LETTERS = 9
MOST_OF_A_WORD = 30
# Halvings of the interval in which the widths of columns that fill the room are sought.
HALVINGS = 30
# Paragraphs get so much of a page even where the other columns leave less: such a table is set smaller.
LEAST_SHARE = 0.4


def paragraph_shares(table: Table) -> dict[int, float]:
    """The share of a page's width of each column of paragraphs, by its place in the table."""
    chosen = _paragraph_columns(table)
    others = sum(_letters(table, index) for index in range(len(table.columns)) if index not in chosen)
    room = LINE_LETTERS - others - GAP_LETTERS * (len(table.columns) - 1)
    needed = sum(_mean(_lengths(table, index)) for index in chosen)
    letters = _divided(table, max(room, min(LEAST_SHARE * LINE_LETTERS, needed)), chosen)
    return {index: round(width / LINE_LETTERS, 2) for index, width in letters.items()}


def _paragraph_columns(table):
    """Columns of words too long for one line; beside such a column, those of words that are not short."""
    longest = {i: max(_lengths(table, i), default=0) for i, c in enumerate(table.columns) if not c.numeric}
    if not any(length > LONG for length in longest.values()):
        return []
    return [index for index, length in longest.items() if length > SHORT]


def _lengths(table, index):
    return [len(row[index].text) for row in table.rows]


def _letters(table, index) -> float:
    """Width in letters of a column whose cells stand in one line each."""
    column, cells = table.columns[index], [row[index] for row in table.rows]
    heads = textwrap.wrap(column.head, HEAD_LETTERS) if column.numeric else [column.head]
    lines = (BELOW_SHARE * len(line) for cell in cells for line in cell.lines)
    return max((*map(len, heads), *(len(cell.text) + bool(cell.why) for cell in cells), *lines), default=0)


def _longest_word(table, index) -> int:
    """Letters of the longest word of a column, which may break where `latex.breakable` lets it."""
    words = (word for row in table.rows for word in re.split(r"\s|(?<=[/_:])", row[index].text))
    return max(LEAST_LETTERS, *map(len, words))


def _divided(table, room, chosen) -> dict[int, float]:
    """Room by the root of the mean length of what stands in a column, between its least and its most."""
    roots = {i: sqrt(_mean(_lengths(table, i))) for i in chosen}
    least = {i: min(_longest_word(table, i), MOST_OF_A_WORD) for i in chosen}
    most = {i: max(least[i], 1.05 * max(_lengths(table, i))) for i in chosen}
    low, high = 0.0, room
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        widths = {i: min(most[i], max(least[i], middle * roots[i])) for i in chosen}
        low, high = (middle, high) if sum(widths.values()) <= room else (low, middle)
    return widths
