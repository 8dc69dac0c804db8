"""Are printed softened probabilities those of a network of the printed accuracy?"""

from math import exp, log
from typing import Literal

from skinkd.domains import Positive
from skinkd.plausibility.finding import Finding
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values


class Claim(Stated):
    """That a teacher's logits, softened by `temperature`, give the greater of two printed probabilities.

    Attributes:
        cell: where that probability is printed.
        accuracy: where the teacher's accuracy is.
    """

    check: Literal["softening"]
    cell: list[str]
    accuracy: list[str]
    temperature: Positive


def gap(probability: float, temperature: float) -> float:
    """How far apart two logits are that a temperature softens to this probability."""
    return temperature * log(probability / (1 - probability))


def findings(claim: Claim, values: Values) -> list[Finding]:
    """One finding: what the teacher's own probability would be; what probabilities taken for logits give."""
    number, accuracy = values.at(claim.cell), values.at(claim.accuracy)
    distance = gap(float(number.value), claim.temperature)
    own = 1 / (1 + exp(-distance))
    of_shares = 1 / (1 + exp(-1 / claim.temperature))
    said = (
        f"At T = {claim.temperature:g} a probability of {number.text} is of logits {distance:.2f} apart, "
        f"which unsoftened give {own:.2f}, from a network that is right {accuracy.text} of the time. "
        f"Probabilities 0 and 1 in the place of logits give {of_shares:.3f}."
    )
    likely = own >= float(accuracy.least) or distance > 2
    return [Finding(claim.place, claim.says, said, "consistent" if likely else "unlikely")]
