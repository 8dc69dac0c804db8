"""The p value of a difference, from the resamples of lesions that also give its interval."""

import numpy as np

from skinkd.intervals import Resampled


def bootstrap_p(resampled: Resampled) -> float | None:
    """Two-sided p value of a true difference of 0; None where no resample has a difference.

    Twice the tail that leaves out the resamples on the far side of 0. Their share has one more counted on
    both sides of the fraction, so that it is never 0: (k + 1) / (B + 1), with k the smaller of the numbers
    of draws at or below and at or above 0. It says what the interval says: below 5 % where that of 95 %
    leaves 0 out, but for the ends of an interval of a handful of lesions, which lie at its outermost draws.

    Source: Davison & Hinkley, Bootstrap Methods and their Application (1997), section 4.4 and
    equation 4.11; Efron & Tibshirani, An Introduction to the Bootstrap (1993), section 15.4.

    Args:
        resampled: one difference, (B,) draws; NaN where one is undefined.
    """
    defined = _defined(resampled)
    if not len(defined):
        return None
    far = min((defined <= 0).sum(), (defined >= 0).sum())
    share = min(0.5, (int(far) + 1) / (len(defined) + 1))
    return 2 * float(resampled.sureness.tail_beyond(share))


def smallest_bootstrap_p(resamples: int) -> float:
    """The smallest p value that so many resamples can give, of however many lesions."""
    return min(1.0, 2 / (resamples + 1))


def standard_error(resampled: Resampled) -> float | None:
    """Standard deviation of one difference over resamples, widened; None with less than two that have one."""
    defined = _defined(resampled)
    return float(defined.std(ddof=1) * resampled.sureness.widening) if len(defined) > 1 else None


def _defined(resampled: Resampled) -> np.ndarray:
    return resampled.draws[~np.isnan(resampled.draws)]
