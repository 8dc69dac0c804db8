"""Is one setting the same wherever a paper gives it?"""

from typing import Literal

from pydantic import Field

from skinkd.domains import Words
from skinkd.plausibility.finding import Finding, listed
from skinkd.plausibility.printed import agree, printed
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values


class Claim(Stated):
    """That a setting has one value.

    Attributes:
        values: by the place that gives it, as it is printed there.
    """

    check: Literal["settings"]
    values: dict[Words, Words] = Field(min_length=2)


def findings(claim: Claim, values: Values) -> list[Finding]:
    """One finding: the values by place."""
    numbers = {place: printed(text) for place, text in claim.values.items()}
    first, *others = numbers.values()
    told = listed([f"{number.text} in {place}" for place, number in numbers.items()])
    same = all(agree(first, other) for other in others)
    said = f"Given are {told}: {'one value' if same else 'no value'} is printed so everywhere."
    return [Finding(claim.place, claim.says, said, "consistent" if same else "contradicts")]
