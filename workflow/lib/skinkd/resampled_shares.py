"""Shares of an arm's test images, very many of them in one go, each with its interval over lesions."""

import numpy as np

from skinkd.intervals import clusters, resampled, wilson
from skinkd.metrics.ratios import ratio
from skinkd.tested_arms import Arm


def shares(numerators: np.ndarray, denominators: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted sums of the first divided by those of the second, (B, K); NaN where these are 0.

    Args:
        numerators, denominators: (n, K).
        weights: (B, n).
    """
    weights = weights.astype(np.float64)
    return ratio(weights @ numerators, weights @ denominators, empty=np.nan)


def estimates(statistic, arm: Arm, *, confidence: float, resamples: int, seed: int) -> list[dict]:
    """Value and interval of every number of a statistic, under the resamples that `skinkd.scores` sees.

    Args:
        statistic: takes weights (B, n), returns (B, K).

    Returns:
        K records `{value, low, high}`; None where a number is not defined.
    """
    values = statistic(np.ones((1, len(arm.labels)), dtype=np.int32))[0]
    generator = np.random.default_rng(seed)
    draws = resampled(statistic, arm.lesions, arm.labels, resamples=resamples, generator=generator)
    ends = draws.interval(confidence)
    return [
        dict(zip(("value", "low", "high"), map(or_none, numbers), strict=True))
        for numbers in zip(values, *ends, strict=True)
    ]


def share_estimates(numerators: np.ndarray, denominators: np.ndarray, arm: Arm, **drawn) -> list[dict]:
    """Value and interval of every share; of none and of all, Wilson's over as many cases as lesions.

    Every resample of hits alone is of hits alone: its percentiles would have no width, however few there are.

    Args:
        numerators, denominators: (n, K), the first at most the second.
        drawn: `resamples`, `seed` and `confidence`.
    """
    found = estimates(lambda weights: shares(numerators, denominators, weights), arm, **drawn)
    lesion_of_image, _ = clusters(arm.lesions, arm.labels)
    for own, column in zip(found, denominators.T, strict=True):
        if own["value"] in (0, 1):
            n_lesions = len(np.unique(lesion_of_image[column > 0]))
            own["low"], own["high"] = wilson(own["value"], n_lesions, drawn["confidence"])
    return found


def or_none(value: float) -> float | None:
    """A number as JSON has it."""
    return None if np.isnan(value) else float(value)
