"""Is a printed gain or ratio that of the printed numbers?"""

from fractions import Fraction
from typing import Literal

from skinkd.domains import Words
from skinkd.plausibility.finding import Finding
from skinkd.plausibility.printed import Printed, printed, shown
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values


class Claim(Stated):
    """That one cell minus, or divided by, another is a printed number, or at least or at most that.

    Attributes:
        printed: as the text prints it, such as `0.93 %` or `6`.
    """

    check: Literal["arithmetic"]
    operation: Literal["difference", "ratio"]
    first: list[str]
    second: list[str]
    relation: Literal["equal", "at_least", "at_most"] = "equal"
    printed: Words


def possible(claim: Claim, first: Printed, second: Printed) -> tuple[Fraction, Fraction]:
    """The least and the most that the operation gives, of all values that are printed so.

    Raises:
        ZeroDivisionError: where a ratio is to a number that may be 0.
    """
    low, high = first.least, max(first.most, first.value + first.digit)
    less, more = second.least, max(second.most, second.value + second.digit)
    return (low - more, high - less) if claim.operation == "difference" else (low / more, high / less)


def findings(claim: Claim, values: Values) -> list[Finding]:
    """One finding: what the operation may give against what is printed."""
    first, second, number = values.at(claim.first), values.at(claim.second), printed(claim.printed)
    least, most = possible(claim, first, second)
    sign = "−" if claim.operation == "difference" else "/"
    said = (
        f"{first.text} {sign} {second.text} is from {shown(least, number)} to {shown(most, number)}, "
        "as digits may be rounded or cut off."
    )
    fits = {
        "equal": least <= max(number.most, number.value + number.digit) and number.least <= most,
        "at_least": most >= number.value,
        "at_most": least <= number.value,
    }[claim.relation]
    return [Finding(claim.place, claim.says, said, "consistent" if fits else "contradicts")]
