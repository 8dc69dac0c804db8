"""A number as it is printed, and exactly which values are printed so.

A printed 71.84 % stands for every share from 0.71835 to 0.71845. Both ends count: a tie goes up where halves
are rounded up, and to the even digit elsewhere, so a value at an end may be printed either way. Some authors
cut digits off instead; then 71.84 % is any share from 0.7184 up to, and without, 0.7185.
"""

from dataclasses import dataclass
from fractions import Fraction

from skinkd.published import FACTORS, PRINTED


@dataclass(frozen=True)
class Printed:
    """One printed number.

    Attributes:
        text: as it is printed.
        value: what it says, exactly, with its unit taken in: 71.84 % is 449/625.
        digit: what one step of its last digit is worth.
    """

    text: str
    value: Fraction
    digit: Fraction

    @property
    def least(self) -> Fraction:
        """The least value that rounds to it."""
        return self.value - self.digit / 2

    @property
    def most(self) -> Fraction:
        """The greatest value that rounds to it, where the tie is taken down."""
        return self.value + self.digit / 2

    def holds(self, value: Fraction, cut_off: bool = False) -> bool:
        """Whether a value is printed so, by rounding halves either way, or by cutting digits off."""
        if cut_off:
            return self.value <= value < self.value + self.digit
        return self.least <= value <= self.most

    def integers(self, whole: int, cut_off: bool = False) -> range:
        """The counts k for which k/`whole` is printed so."""
        low = self.value if cut_off else self.least
        high = self.value + self.digit if cut_off else self.most
        first = max(0, -(-low.numerator * whole // low.denominator))
        last = high.numerator * whole // high.denominator
        if cut_off and last * high.denominator == high.numerator * whole:
            last -= 1
        return range(first, min(whole, last) + 1)


def printed(text: str) -> Printed:
    """A number as papers print it: `0.917`, `72.77 %`, `23.5 M`, or `1015/1288`, which is exact.

    Raises:
        ValueError: where it is no such number, or a mere bound.
    """
    found = PRINTED.fullmatch(text)
    if not found or found["bound"]:
        raise ValueError(f"'{text}' is not a number as papers print it, such as 0.82, 82.0 % or 3.5 M")
    if found["part"]:
        return Printed(text, Fraction(int(found["part"]), int(found["whole"])), Fraction(0))
    number, factor = found["number"], Fraction(FACTORS[found["unit"]])
    digits = len(number.partition(".")[2])
    return Printed(text, Fraction(number) * factor, Fraction(1, 10**digits) * factor)


def agree(one: Printed, other: Printed) -> bool:
    """Whether some value is printed as both, each rounded or cut off."""
    least, most = max(one.least, other.least), min(one.value + one.digit, other.value + other.digit)
    if one.digit == 0 or other.digit == 0:
        return least <= most
    return least < most


def shown(share: Fraction, like: Printed, more: int = 2) -> str:
    """A value in the unit of a printed number, with `more` digits after its last one."""
    unit = like.text.rpartition(" ")[2] if " " in like.text else ""
    scaled = share / Fraction(FACTORS[unit or None])
    digits = len(like.text.partition(" ")[0].partition(".")[2])
    # A count of things has no digits behind its point.
    digits += 0 if digits == 0 and scaled.denominator == 1 else more
    whole = round(scaled * 10**digits)
    sign, whole = "−" if whole < 0 else "", abs(whole)
    text = f"{whole // 10**digits:,}" + (f".{whole % 10**digits:0{digits}d}" if digits else "")
    return f"{sign}{text} {unit}".rstrip()
