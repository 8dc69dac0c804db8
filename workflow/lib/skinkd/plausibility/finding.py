"""What a check of a printed number finds: the claim, the computation with its numbers, the verdict."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["impossible", "contradicts", "unlikely", "consistent"]
# From the worst to the best, with what each says.
VERDICTS = {
    "impossible": "no data give the printed numbers",
    "contradicts": "the paper, its data or its networks say something else",
    "unlikely": "the printed numbers do not carry the claim",
    "consistent": "the computation finds nothing against it",
}


@dataclass(frozen=True)
class Finding:
    """One check of one claim.

    Attributes:
        place: table, figure or section of the paper.
        claim: what the paper prints or says there.
        computation: what was computed from which numbers, in words.
    """

    place: str
    claim: str
    computation: str
    verdict: Verdict


def listed(words, most: int = 8) -> str:
    """`a, b and c`; of many the first, and how many more there are."""
    words = list(map(str, words))
    if len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else "none"
