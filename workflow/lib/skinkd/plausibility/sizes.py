"""Is a printed size that of the network that the paper describes, once it is built?"""

from fractions import Fraction
from typing import Literal

from pydantic import Field

from skinkd.config import Closed
from skinkd.domains import Words
from skinkd.plausibility.built import Built, Counted, count
from skinkd.plausibility.finding import Finding
from skinkd.plausibility.printed import Printed, shown
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values


class Reading(Closed):
    """One way to read the number: what is counted, of which network."""

    counted: Counted
    of: Built


class Claim(Stated):
    """That a printed number is the size of a network.

    Attributes:
        cells: where it is printed; each is checked.
        readings: by what they are called; the first is what the paper says.
    """

    check: Literal["sizes"]
    cells: list[list[str]] = Field(min_length=1)
    readings: dict[Words, Reading] = Field(min_length=1)


def judge(number: Printed, counts: dict[str, Fraction]) -> tuple[str, str]:
    """Computation and verdict: the first count is what the paper says, the others what else may be meant."""
    told = "; ".join(f"{name}, {shown(value, number)}" for name, value in counts.items())
    fitting = [name for name, value in counts.items() if _fits(number, value)]
    if not fitting:
        said = f"Built and counted: {told}. None is printed as {number.text}, rounded or cut off."
        return said, "contradicts"
    how = "rounded" if number.holds(counts[fitting[0]]) else "cut off"
    which = fitting[0] if len(counts) > 1 else "this"
    verdict = "consistent" if fitting[0] == next(iter(counts)) else "contradicts"
    return f"Built and counted: {told}. Printed as {number.text}, {how}, is: {which}.", verdict


def _fits(number: Printed, value: Fraction) -> bool:
    return number.holds(value) or number.holds(value, cut_off=True)


def findings(claim: Claim, values: Values) -> list[Finding]:
    """One finding for each cell."""
    counts = {name: count(reading.of, reading.counted) for name, reading in claim.readings.items()}
    numbers = [values.at(cell) for cell in claim.cells]
    return [
        Finding(f"{cell[0]}, {values.label(cell[1])}", f"{claim.says}: {number.text}", *judge(number, counts))
        for cell, number in zip(claim.cells, numbers, strict=True)
    ]
