"""Are printed differences larger than the spread over repetitions that the text gives?"""

from typing import Literal

from pydantic import Field

from skinkd.domains import Words
from skinkd.plausibility.finding import Finding, listed
from skinkd.plausibility.printed import printed, shown
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values


class Claim(Stated):
    """That the first cell is the greatest, where repetitions spread by up to `deviation`.

    Attributes:
        deviation: the greatest standard deviation over repetitions, as it is printed.
    """

    check: Literal["spread"]
    cells: list[list[str]] = Field(min_length=2)
    deviation: Words


def findings(claim: Claim, values: Values) -> list[Finding]:
    """One finding: which cells are within one deviation of the first."""
    deviation, first = printed(claim.deviation), values.at(claim.cells[0])
    others = {values.label(cell[1]): values.at(cell) for cell in claim.cells[1:]}
    within = [
        f"{label} by {shown(first.value - number.value, first, 0)}"
        for label, number in others.items()
        if first.value - number.value < deviation.value
    ]
    said = (
        f"Of {len(others)} others {len(within)} are less than one such deviation, {deviation.text}, below "
        f"{first.text}: {listed(within)}."
    )
    return [Finding(claim.place, claim.says, said, "unlikely" if within else "consistent")]
