"""The words of a figure's SVG as its reader has them: by panel, with where they stand."""

import re
from dataclasses import dataclass, field
from statistics import fmean
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
PLACED = re.compile(r"translate\(([-\d.]+) ([-\d.]+)\)")


@dataclass(frozen=True)
class Words:
    """Lines of one text, and the mean of their places in points; a title is bold and begins at the left."""

    lines: tuple
    x: float
    y: float
    is_title: bool = False

    @property
    def text(self) -> str:
        return " ".join(self.lines)


@dataclass
class Panel:
    """The words of one panel; a panel without names of its rows has those of the panel before it."""

    title: str = ""
    inside: list = field(default_factory=list)
    columns: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    labels: list = field(default_factory=list)

    def row_of(self, words: Words) -> str:
        """The name of the row that words stand in."""
        return min(self.rows, key=lambda row: abs(row.y - words.y)).text

    def column_of(self, words: Words) -> str:
        """The name of the column that words stand in."""
        return min(self.columns, key=lambda column: abs(column.x - words.x)).text


class FigureWords:
    """Panels in order in `panels`; the words beside them, such as a legend's, in `beside`."""

    def __init__(self, svg: str):
        self.panels, self.beside = [], []
        figure = ElementTree.fromstring(svg).find(f"{SVG}g")
        for part in figure:
            if re.match(r"axes_\d", part.get("id", "")):
                self.panels.append(_panel(part))
            else:
                self.beside += _all_words(part)
        for before, panel in zip(self.panels, self.panels[1:], strict=False):
            panel.rows = panel.rows or before.rows

    def words(self) -> list[Words]:
        """All words but ticks and titles."""
        inside = [words for panel in self.panels for words in (*panel.inside, *panel.labels)]
        return [*inside, *self.beside]


def _panel(axes) -> Panel:
    panel = Panel()
    for part in axes:
        name = part.get("id", "")
        if name.startswith("matplotlib.axis"):
            _read_axis(panel, part)
        elif name.startswith("legend"):
            panel.inside += _all_words(part)
        elif found := _words(part):
            if found.is_title:
                panel.title = found.text
            else:
                panel.inside.append(found)
    return panel


def _read_axis(panel, axis):
    for part in axis:
        kind = part.get("id").partition("_")[0]
        into = {"xtick": panel.columns, "ytick": panel.rows, "text": panel.labels}[kind]
        into += _all_words(part)


def _all_words(part) -> list[Words]:
    groups = [part, *part.iter(f"{SVG}g")]
    return list(dict.fromkeys(filter(None, map(_words, groups))))


def _words(group) -> Words | None:
    lines = group.findall(f"{SVG}text")
    if not lines:
        return None
    places = [_place(line) for line in lines]
    style = lines[0].get("style")
    is_title = "font-weight: 700" in style and "text-anchor: middle" not in style
    x, y = (fmean(axis) for axis in zip(*places, strict=True))
    return Words(tuple(line.text for line in lines), x, y, is_title)


def _place(line):
    if line.get("x"):
        return float(line.get("x")), float(line.get("y"))
    return tuple(map(float, PLACED.search(line.get("transform")).groups()))
