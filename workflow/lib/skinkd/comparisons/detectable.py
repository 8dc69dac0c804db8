"""How small a difference a comparison could have found."""

from statistics import NormalDist

POWER = 0.8


def detectable_difference(standard_error: float, error_rate: float, power: float = POWER) -> float:
    """The smallest true difference that a two-sided test finds with this power.

    (z(1 - error_rate / 2) + z(power)) times the standard error, of a normal estimate.

    Source: Bloom, Minimum detectable effects, Evaluation Review 19 (1995).

    Args:
        standard_error: of the difference, in its unit.
        error_rate: chance of a finding without a difference, in (0, 1).
        power: chance of a finding with it, in (0, 1).
    """
    normal = NormalDist()
    return (normal.inv_cdf(1 - error_rate / 2) + normal.inv_cdf(power)) * standard_error
