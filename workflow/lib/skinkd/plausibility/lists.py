"""Does a paper name as many things as it says there are, each once, and the same wherever it names them?"""

from typing import Literal

from pydantic import Field

from skinkd.domains import Count, Words
from skinkd.plausibility.finding import Finding, listed
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values

Named = list[Words | Count]


class Claim(Stated):
    """That a list is whole.

    Attributes:
        named: what is named.
        counts: how many there are said to be; by the place that says so.
        elsewhere: the same list at another place.
    """

    check: Literal["lists"]
    named: Named = Field(min_length=1)
    counts: dict[Words, Count] = Field(default={})
    elsewhere: dict[Words, Named] = Field(default={})


def findings(claim: Claim, values: Values) -> list[Finding]:
    """One finding: how the list differs from its counts and from itself."""
    problems = [
        f"{place} counts {count}" for place, count in claim.counts.items() if count != len(set(claim.named))
    ]
    twice = dict.fromkeys(name for name in claim.named if claim.named.count(name) > 1)
    problems += [f"twice: {listed(twice)}"] if twice else []
    for place, others in claim.elsewhere.items():
        lacking = [name for name in claim.named if name not in others]
        added = [name for name in others if name not in claim.named]
        problems += [f"{place} lacks {listed(lacking)}"] if lacking else []
        problems += [f"{place} adds {listed(added)}"] if added else []
    said = f"Named are {len(set(claim.named))}: {listed(claim.named, most=12)}"
    verdict = "contradicts" if problems else "consistent"
    return [Finding(claim.place, claim.says, "; ".join([said, *problems]) + ".", verdict)]
