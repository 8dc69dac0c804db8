"""The table of faults: what was observed when each of them was made."""

import getpass
import os
import re
from pathlib import Path

from faults.fault import Ended, Fault

PATH = Path(__file__).with_name("README.md")
HEAD = """# What goes wrong, and what you read then

Each row is a test that makes the fault for real and runs the job that meets it. `make faults` runs all of
them and writes this file from what they saw. A test fails where a message is no longer the one that stands
here.

Exit status: 2, something of yours is wrong; 75, run again, it goes on; 0, it was mended and said aloud.
Snakemake itself ends with 1 whatever its job ended with: 1 below is Snakemake's. In no case is a result left
that looks finished.

| | Fault | What you read | Exit status | Test |
|---|---|---|---|---|
"""
# Numbers of other machines and other days; the words must be the same.
NUMBERS = re.compile(r"\b[0-9a-f]{7,}\b|\d[\d,.:]*")


def row_of(fault: Fault, ended: Ended | None, folder: Path) -> str:
    """The fault's line of the table; without its newline."""
    said = "<br>".join(map(_cell, _told(fault, ended, folder))) if ended else fault.waits_for
    status = ended.status if ended else ""
    cells = [str(fault.number), fault.title, said, str(status), f"`{_place(fault)}`"]
    return f"| {' | '.join(cells)} |"


def rows_in(text: str) -> dict[str, str]:
    """Lines of a table by their test."""
    lines = [line for line in text.splitlines() if re.match(r"\| \d", line)]
    return {re.search(r"`([^`]*)` \|$", line)[1]: line for line in lines}


def committed_row(fault: Fault) -> str:
    """The fault's line of the table in this folder; '' where there is none."""
    return rows_in(PATH.read_text(encoding="utf-8") if PATH.exists() else "").get(_place(fault), "")


def without_numbers(row: str) -> str:
    """A line that is the same on every machine."""
    return NUMBERS.sub("#", row)


def write(rows: list[str]) -> None:
    """Write the table."""
    PATH.write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")


def _place(fault: Fault) -> str:
    return f"{fault.make.__module__.removeprefix('faults.')}.{fault.make.__name__}"


def _told(fault: Fault, ended: Ended, folder: Path) -> list[str]:
    """The lines that the user reads, without what is of this machine."""
    names = {
        re.escape(f"{folder}/"): "",
        re.escape(str(folder)): "here",
        rf"\b{re.escape(os.uname().nodename)}\b": "this-computer",
        rf"\b{re.escape(getpass.getuser())}\b": "you",
    }
    lines = fault.lines(ended.said)
    for pattern, word in names.items():
        lines = [re.sub(pattern, word, line) for line in lines]
    return lines


def _cell(line: str) -> str:
    """A line as a cell of a table in Markdown."""
    short = re.sub(r"(\w)\1{20,}", r"\1\1\1…", line).replace("&", "&amp;")
    return re.sub(r"([\\`*_<>|\[\]])", r"\\\1", short)
