"""Do the printed numbers stand in the order that the text gives them?"""

from itertools import pairwise
from typing import Literal

from pydantic import Field

from skinkd.plausibility.finding import Finding, listed
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values


class Claim(Stated):
    """That in each chain of cells each number is greater than the next."""

    check: Literal["orders"]
    chains: list[list[list[str]]] = Field(min_length=1)


def findings(claim: Claim, values: Values) -> list[Finding]:
    """One finding: the neighbours that are in the other order, or printed alike."""
    pairs = [pair for chain in claim.chains for pair in pairwise(chain)]
    reversed_, alike = [], []
    for greater, less in pairs:
        first, second = values.at(greater), values.at(less)
        told = f"{values.words(greater)} {first.text}, of {values.label(less[1])} {second.text}"
        reversed_ += [told] if first.value < second.value else []
        alike += [told] if first.value == second.value else []
    return [_finding(claim, len(pairs), reversed_, alike)]


def _finding(claim: Claim, count: int, reversed_: list[str], alike: list[str]) -> Finding:
    said = f"{count - len(reversed_) - len(alike)} of {count} pairs are printed in this order"
    if reversed_:
        said += f"; in the other: {listed(reversed_, most=4)}"
    if alike:
        said += f"; alike: {listed(alike, most=4)}"
    verdict = "contradicts" if reversed_ else "unlikely" if alike else "consistent"
    return Finding(claim.place, claim.says, f"{said}.", verdict)
