"""The p value of a difference, from the resamples of lesions that also give its interval."""

import numpy as np


def bootstrap_p(draws: np.ndarray) -> float | None:
    """Two-sided p value of a true difference of 0; None where no resample has a difference.

    Twice the share of resamples on the far side of 0, one more counted on both sides of the
    fraction, so that it is never 0: 2 (k + 1) / (B + 1), with k the smaller of the numbers of draws at
    or below and at or above 0. It says what the percentile interval says: below 5 % where that
    of 95 % leaves 0 out.

    Source: Davison & Hinkley, Bootstrap Methods and their Application (1997), section 4.4 and
    equation 4.11; Efron & Tibshirani, An Introduction to the Bootstrap (1993), section 15.4.

    Args:
        draws: (B,) differences, one per resample; NaN where one is undefined.
    """
    defined = draws[~np.isnan(draws)]
    if not len(defined):
        return None
    far = min((defined <= 0).sum(), (defined >= 0).sum())
    return min(1.0, 2 * (int(far) + 1) / (len(defined) + 1))


def smallest_bootstrap_p(resamples: int) -> float:
    """The smallest p value that so many resamples can give."""
    return min(1.0, 2 / (resamples + 1))


def standard_error(draws: np.ndarray) -> float | None:
    """Standard deviation of a difference over resamples (B,); None with less than two that have one."""
    defined = draws[~np.isnan(draws)]
    return float(defined.std(ddof=1)) if len(defined) > 1 else None
