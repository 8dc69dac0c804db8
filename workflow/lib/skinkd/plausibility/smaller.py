"""Is the network that a paper calls small smaller than the other?"""

from typing import Literal

from skinkd.plausibility.built import Built, count
from skinkd.plausibility.finding import Finding
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values


class Claim(Stated):
    """That one network has fewer parameters than another."""

    check: Literal["smaller"]
    small: Built
    large: Built


def findings(claim: Claim, values: Values) -> list[Finding]:
    """One finding: both networks' parameters, built and counted."""
    small, large = (int(count(network, "parameters")) for network in (claim.small, claim.large))
    said = (
        f"Built and counted: {claim.small.name} {small:,} parameters, {claim.large.name} {large:,}; "
        f"that is {small / large:.2g} times as many."
    )
    return [Finding(claim.place, claim.says, said, "consistent" if small < large else "contradicts")]
