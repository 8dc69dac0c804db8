"""Can a network of a printed accuracy make so many errors of one kind?"""

from typing import Literal

from skinkd.domains import Count, Words
from skinkd.plausibility.finding import Finding
from skinkd.plausibility.printed import Printed
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values


class Claim(Stated):
    """That the arm of a printed accuracy takes `errors` images of one class for another.

    Attributes:
        of_class: class of these images.
        n_of_class: test images of that class.
    """

    check: Literal["errors"]
    cell: list[str]
    n: Count
    errors: Count
    of_class: Words
    n_of_class: Count


def most_errors(accuracy: Printed, n: int) -> int:
    """The most errors that `n` images leave with a printed accuracy, rounded or cut off."""
    counts = [*accuracy.integers(n), *accuracy.integers(n, cut_off=True)]
    # Where no count gives the accuracy, its interval still bounds the errors.
    return n - min(counts) if counts else n - accuracy.least.numerator * n // accuracy.least.denominator


def findings(claim: Claim, values: Values) -> list[Finding]:
    """One finding: the claimed errors against those that the accuracy leaves."""
    accuracy = values.at(claim.cell)
    most = most_errors(accuracy, claim.n)
    said = (
        f"An accuracy of {accuracy.text} of {claim.n:,} images leaves at most {most:,} errors of all kinds; "
        f"claimed are {claim.errors:,} of one kind."
    )
    if claim.errors <= most and claim.errors <= claim.n_of_class:
        return [Finding(claim.place, claim.says, said, "consistent")]
    if claim.errors <= claim.n_of_class:
        share = 100 * claim.errors / claim.n_of_class
        said += (
            f" As {claim.of_class} that are taken for {claim.of_class}, of {claim.n_of_class:,}, "
            f"it would be a recall of {share:.1f} %."
        )
    return [Finding(claim.place, claim.says, said, "impossible")]
