"""The report's page as a reader without the code has it: cells by row and column, and other words."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "input", "br", "hr"}
INLINE = {"a", "b", "i", "code", "span", "sup", "small", "img"}
SILENT = {"script", "style", "svg", "pre"}


@dataclass
class Shown:
    """A cell: its words, the smaller lines below them, the letter of its note, and its attributes."""

    attributes: dict
    text: str = ""
    lines: list = field(default_factory=list)
    note: str = ""

    @property
    def missing(self) -> bool:
        return "missing" in self.attributes.get("class", "")


@dataclass
class ShownTable:
    name: str
    title: str = ""
    keys: list = field(default_factory=list)
    heads: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    notes: dict = field(default_factory=dict)

    def rows_by_key(self):
        return [dict(zip(self.keys, row, strict=True)) for row in self.rows]


@dataclass
class Prose:
    """Words outside of the cells, with the id of the table, figure or section that they stand in."""

    place: str
    text: str


class ReportPage(HTMLParser):
    """Tables by name in `tables`; all other words, alternative texts among them, in `prose`."""

    def __init__(self, html: str):
        super().__init__()
        self.stack, self.tables, self.prose, self.dumped = [], {}, [], ""
        self.cell, self.group, self.table, self.words = None, None, None, ""
        self.feed(html)
        self._flush()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag not in INLINE:
            self._flush()
        if tag not in VOID:
            self.stack.append((tag, attributes))
        if "svg" not in self._open():
            self._start(tag, attributes)
            spoken = [attributes[name] for name in ("aria-label", "alt", "title") if name in attributes]
            self.prose += [Prose(self._place(), words) for words in spoken]

    def _start(self, tag, attributes):
        if "scroll" in attributes.get("class", ""):
            name = self._place().removeprefix("table-")
            self.table = self.tables[name] = ShownTable(name, attributes["aria-label"])
        elif tag == "tbody":
            self.group = None
        elif tag == "tr" and "tbody" in self._open():
            self.table.rows.append([self.group] if self.group else [])
        elif tag in ("td", "th") and "thead" in self._open():
            self.table.keys.append(attributes["data-key"])
            self.table.heads.append("")
        elif tag in ("td", "th"):
            self.cell = Shown(attributes)
            self.table.rows[-1].append(self.cell)
            self.group = self.cell if attributes.get("scope") == "rowgroup" else self.group
        elif tag == "small" and self.cell:
            self.cell.lines.append("")

    def handle_endtag(self, tag):
        if tag not in INLINE:
            self._flush()
        if tag in ("td", "th"):
            self.cell = None
        self.stack.pop()

    def handle_data(self, data):
        opened = self._open()
        self.dumped += data if opened[-1:] == ["pre"] else ""
        if SILENT & set(opened):
            return
        if "thead" in opened and {"td", "th"} & set(opened):
            self.table.heads[-1] += data
        elif self.cell is None:
            self.words += data
        elif "small" in opened:
            self.cell.lines[-1] += data
        elif "sup" in opened:
            self.cell.note += data
        else:
            self.cell.text += data.strip("\n")

    def _flush(self):
        words, place = " ".join(self.words.split()), self._place()
        self.words = ""
        if "li" in self._open() and "-note-" in place:
            name, _, letter = place.partition("-note-")
            self.tables[name].notes[letter] = words.partition(" ")[2]
        if words:
            self.prose.append(Prose(place, words))

    def _open(self):
        return [tag for tag, _ in self.stack]

    def _place(self) -> str:
        """The innermost id around, `paper-x/table-y` where a paper's section is around that."""
        named = [attributes["id"] for _, attributes in self.stack if "id" in attributes]
        return named[-1] if named else ""


NUMBER = re.compile(
    r"(?<![\w.,])(?:(?P<h>\d+) h (?P<hm>\d+) min|(?P<m>\d+) min (?P<s>\d+) s(?!\w)"
    r"|(?P<less>< )?(?P<digits>[+−]?\d+(?:,\d{3})*(?:\.\d+)?)(?:e(?P<power>[+−]?\d+))?(?P<unit>(?: ?%| pp))?)"
)


@dataclass(frozen=True)
class Number:
    """A number as it is shown, in the unit of results.json, and half a unit of its last digit."""

    value: float
    half_unit: float
    text: str

    def shows(self, value) -> bool:
        """Whether an unrounded value is shown so."""
        return value is not None and abs(self.value - value) <= self.half_unit * 1.001 + 1e-12


def numbers_in(text: str, factor: float = 1) -> list[Number]:
    """The numbers of a text; percentages and points are shares. `factor`: a unit that the heading has."""
    return [_number(found, factor) for found in NUMBER.finditer(text)]


def _number(found, factor):
    part = found.groupdict()
    if part["h"]:
        return Number(int(part["h"]) * 3600 + int(part["hm"]) * 60, 60, found[0])
    if part["m"]:
        return Number(int(part["m"]) * 60 + int(part["s"]), 0.5, found[0])
    scale = 10 ** int((part["power"] or "0").replace("−", "-")) * (0.01 if part["unit"] else factor)
    places = len(part["digits"].partition(".")[2])
    value = float(part["digits"].replace("−", "-").replace(",", ""))
    if part["less"]:
        return Number(value * scale / 2, value * scale / 2, found[0])
    return Number(value * scale, 0.5 * 10**-places * scale, found[0])
