"""GRIM: can a printed share come from a whole number of images?

Source: Brown and Heathers, The GRIM Test, Social Psychological and Personality Science 8, 2017.
"""

from fractions import Fraction
from typing import Literal

from skinkd.domains import Count
from skinkd.plausibility.finding import Finding, listed
from skinkd.plausibility.printed import Printed, shown
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values, name_of


class Claim(Stated):
    """That the shares of one metric are shares of `n` images.

    Attributes:
        around: how far from `n` another whole is looked for that gives every printed share.
    """

    check: Literal["grim"]
    metric: str
    of_class: str = ""
    n: Count
    around: int = 0


def is_possible(number: Printed, n: int) -> bool:
    """Whether some count k of `n` gives k/n that is printed so, rounded or cut off."""
    return bool(number.integers(n)) or bool(number.integers(n, cut_off=True))


def cannot_fail(number: Printed, n: int) -> bool:
    """Whether steps of 1/n are so fine that every printed share is one."""
    return number.digit * n >= 1


def findings(claim: Claim, values: Values) -> list[Finding]:
    """One finding for each share that no count gives, one for all others, one for other wholes."""
    cells = list(values.of_metric(claim.metric, claim.of_class))
    failed = [cell for cell in cells if not is_possible(cell[2], claim.n)]
    found = [_impossible(claim, values, *cell) for cell in failed]
    passed = [cell for cell in cells if cell not in failed]
    found += [_possible(claim, passed)] if passed else []
    return [*found, _around(claim, [number for *_, number in cells])] if claim.around else found


def _impossible(claim: Claim, values: Values, table: str, arm: str, number: Printed) -> Finding:
    below = number.value.numerator * claim.n // number.value.denominator
    shares = [f"{k:,}/{claim.n:,} = {shown(Fraction(k, claim.n), number)}" for k in (below, below + 1)]
    return Finding(
        f"{table}, {values.label(arm)}",
        f"{name_of(claim.metric, claim.of_class)} {number.text} of {claim.n:,} images",
        f"GRIM: {shares[0]} and {shares[1]} are the nearest; none is from {shown(number.least, number, 1)} "
        f"to {shown(number.most, number, 1)}, ties included, nor is one cut off to it.",
        "impossible",
    )


def _possible(claim: Claim, passed) -> Finding:
    tables = dict.fromkeys(table for table, _, _ in passed)
    numbers = [number for *_, number in passed]
    blunt = sum(cannot_fail(number, claim.n) for number in numbers)
    power = f" For {blunt} of them no other outcome was possible." if blunt else ""
    return Finding(
        listed(tables),
        f"{len(passed)} values of {name_of(claim.metric, claim.of_class)}, of {claim.n:,} images",
        f"GRIM: each is printed for a whole number of {claim.n:,}, "
        f"such as {numbers[0].text} for {(numbers[0].integers(claim.n) or [0])[0]:,}.{power}",
        "consistent",
    )


def _around(claim: Claim, numbers: list[Printed]) -> Finding:
    """Whether another whole near the claimed one gives more of the printed shares."""
    wholes = range(max(1, claim.n - claim.around), claim.n + claim.around + 1)
    fitting = {n: sum(is_possible(number, n) for number in numbers) for n in wholes}
    others = {n: count for n, count in fitting.items() if n != claim.n}
    best = max(others.values(), default=0)
    at_best = listed([f"{n:,}" for n, count in others.items() if count == best], most=4)
    said = (
        f"GRIM for each whole from {wholes[0]:,} to {wholes[-1]:,}: {claim.n:,} gives {fitting[claim.n]} of "
        f"{len(numbers)} shares; of the others none gives more than {best} ({at_best})."
    )
    verdict = "consistent" if fitting[claim.n] >= best else "contradicts"
    return Finding(claim.place, claim.says, said, verdict)
