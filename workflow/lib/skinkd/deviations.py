"""What a study and its protocols do otherwise than the papers' texts: what, why, and the expected effect."""

import re

from pydantic import Field

from skinkd import formats
from skinkd.config import Closed
from skinkd.declared_files import read_declared
from skinkd.domains import Name, Words
from skinkd.errors import InputError
from skinkd.study import Study, changes_of_protocols

STUDY = "study"
SHOWN, LONGEST = 3, 90


class Rule(Closed):
    """Why a kind of change is made.

    Attributes:
        key: a pattern that the whole key of a change must match.
        under: protocols, or `study`, in which the rule holds; everywhere, if left out.
    """

    key: Words
    under: list[Name] | None = None
    why: Words
    effect: Words


class RulesFile(Closed):
    """What the file of rules holds."""

    rules: list[Rule] = Field(min_length=1)


def read_rules(path) -> list[Rule]:
    """The rules of a file, in its order.

    Raises:
        InputError: where the file holds something else.
    """
    why = "Deviations would stand without their reasons"
    return read_declared(path, RulesFile, "deviations", why).rules


def deviations(study: Study, rules: list[Rule]) -> list[dict]:
    """Every deviation as `{paper, under, n, what, why, effect}`; changes that one rule speaks for are one.

    `under` is a protocol where that differs from the paper's text, and `study` where this study does.

    Raises:
        InputError: naming a change for which no rule speaks.
    """
    return [
        {"paper": paper, "under": under, **row}
        for paper in study.config.papers
        for under, lines in _lines_of(study, paper).items()
        for row in _rows(lines, under, rules)
    ]


def _lines_of(study: Study, paper: str) -> dict[str, list[str]]:
    return {**changes_of_protocols(study, paper), STUDY: study.changes.get(paper, [])}


def _rows(lines: list[str], under: str, rules: list[Rule]) -> list[dict]:
    by_rule: dict[int, list[str]] = {}
    for line in lines:
        by_rule.setdefault(_rule_of(line, under, rules), []).append(line)
    return [
        {"n": len(mine), "what": _what(mine), "why": rules[place].why, "effect": rules[place].effect}
        for place, mine in sorted(by_rule.items())
    ]


def _rule_of(line: str, under: str, rules: list[Rule]) -> int:
    key = line.partition(": ")[0]
    for place, rule in enumerate(rules):
        if re.fullmatch(rule.key, key) and (rule.under is None or under in rule.under):
            return place
    raise InputError(
        "deviations",
        f"config/report/deviations.yaml has no rule for {key}, which {under} changes",
        "The report would show a deviation without its reason",
        "add a rule with its reason and the expected effect",
    )


def _what(lines: list[str]) -> str:
    """The first changes in words, and how many more there are."""
    shown = [line if len(line) <= LONGEST else line.partition(": ")[0] for line in lines[:SHOWN]]
    more = len(lines) - len(shown)
    return "; ".join(shown) + (f"; and {formats.plural(more, 'other')}" if more else "")
