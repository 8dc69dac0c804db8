"""Are printed differences larger than what the choice of test images alone makes of them?"""

from itertools import pairwise
from math import sqrt
from typing import Literal

from pydantic import Field

from skinkd.domains import Count
from skinkd.plausibility.finding import Finding, listed
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values

Z = 1.96  # of 95 %


class Claim(Stated):
    """That one share is greater than others of the same `n` images, or that shares follow a setting.

    Attributes:
        cells: where they are printed; the first is the greater, or all are in the order of the setting.
        claims: `greater`: the first than each other; `alike`: all; `curve`: a smooth course.
    """

    check: Literal["sampling"]
    claims: Literal["greater", "alike", "curve"]
    cells: list[list[str]] = Field(min_length=2)
    n: Count


def half_width(share: float, n: int) -> float:
    """Half of a 95 % interval of one share of n images."""
    return Z * sqrt(share * (1 - share) / n)


def least_difference(one: float, other: float, n: int) -> float:
    """What 95 % of chance differences stay below, of two shares of n images each, drawn apart."""
    return sqrt(half_width(one, n) ** 2 + half_width(other, n) ** 2)


def discordant_share(difference: float, n: int) -> float:
    """Below which share of images on which two networks differ McNemar's test finds the difference."""
    return difference**2 * n / Z**2


def findings(claim: Claim, values: Values) -> list[Finding]:
    """One finding."""
    shares = [float(values.at(cell).value) for cell in claim.cells]
    labels = [values.label(cell[1]) for cell in claim.cells]
    said, verdict = JUDGES[claim.claims](shares, labels, claim.n)
    return [Finding(claim.place, claim.says, said, verdict)]


def _greater(shares, labels, n):
    best, within = shares[0], []
    if max(shares) > best:
        above = labels[shares.index(max(shares))]
        return f"{above} is printed with {max(shares):.3f}, {labels[0]} with {best:.3f}.", "contradicts"
    for share, label in zip(shares[1:], labels[1:], strict=True):
        if best - share < least_difference(best, share, n):
            within.append(f"{label} by {100 * (best - share):.2f} pp ({_paired(best - share, n)})")
    said = f"At n = {n:,} the 95 % half-width of {best:.3f} is {100 * half_width(best, n):.2f} pp. "
    if not within:
        return f"{said}All {len(shares) - 1} differences are larger than chance makes them.", "consistent"
    return f"{said}Not to be told from {labels[0]}, unpaired: {listed(within, most=3)}.", "unlikely"


def _paired(difference, n):
    """When a test that pairs the images would find the difference; networks differ on as many, at least."""
    most = discordant_share(difference, n)
    if most < difference:
        return "nor paired"
    return f"paired only if they differ on < {100 * most:.2g} % of images"


def _alike(shares, labels, n):
    spread = max(shares) - min(shares)
    chance = least_difference(max(shares), min(shares), n)
    ends = [labels[shares.index(end)] for end in (max(shares), min(shares))]
    said = (
        f"{' and '.join(ends)} differ by {100 * spread:.1f} pp; of {n:,} images 95 % of chance differences "
        f"are below {100 * chance:.1f} pp."
    )
    return said, "consistent" if spread < chance else "contradicts"


def _curve(shares, labels, n):
    steps = [(after - before, least_difference(before, after, n)) for before, after in pairwise(shares)]
    large = [step for step, chance in steps if abs(step) > chance]
    turns = sum(before * after < 0 for before, after in pairwise(large))
    widths = [100 * half_width(share, n) for share in shares]
    said = (
        f"Neighbours differ by up to {100 * max(abs(step) for step, _ in steps):.1f} pp, where half-widths "
        f"are {min(widths):.1f} to {max(widths):.1f} pp at n = {n:,}; beyond chance the course turns "
        f"{turns} times."
    )
    if turns < 2:
        return said, "consistent"
    return f"{said} One run each: training alone varies so much, and the best is chosen of it.", "unlikely"


JUDGES = {"greater": _greater, "alike": _alike, "curve": _curve}
