"""Do printed counts of images sum to the printed whole?"""

from typing import Literal

from pydantic import Field

from skinkd.domains import Count, Words
from skinkd.plausibility.finding import Finding
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values


class Claim(Stated):
    """That parts sum to a whole."""

    check: Literal["sums"]
    parts: dict[Words, Count] = Field(min_length=2)
    whole: Count


def findings(claim: Claim, values: Values) -> list[Finding]:
    """One finding: the sum against the whole."""
    total = sum(claim.parts.values())
    parts = " + ".join(f"{part:,}" for part in claim.parts.values())
    said = f"{parts} = {total:,}; printed are {claim.whole:,}."
    return [Finding(claim.place, claim.says, said, "consistent" if total == claim.whole else "impossible")]
