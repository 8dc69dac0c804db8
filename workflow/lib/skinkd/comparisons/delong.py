"""DeLong's test of two areas under the ROC on the same images. It takes images as independent.

Images of one lesion are not: where lesions have several images its p value is too small. The
resamples of lesions have no such fault.
"""

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np


@dataclass(frozen=True)
class AreaDifference:
    """An area under the ROC minus another.

    Args:
        value: in [-1, 1].
        standard_error: taking images as independent.
        p: two-sided, of a true difference of 0.
    """

    value: float
    standard_error: float
    p: float


def delong(is_class: np.ndarray, scores: np.ndarray, others: np.ndarray) -> AreaDifference | None:
    """The difference of the areas of two scores of the same images.

    None where it has no variance to be held against: with fewer than two images on either side, or
    where the areas differ and no image moves the difference.

    Source: DeLong, DeLong & Clarke-Pearson, Comparing the areas under two or more correlated receiver
    operating characteristic curves, Biometrics 44 (1988), equations 4 to 6; by midranks as in Sun & Xu,
    Fast implementation of DeLong's algorithm, IEEE Signal Processing Letters 21 (2014), algorithm 2.

    Args:
        is_class: (n,) bool.
        scores, others: (n,), larger for images more likely of the class.
    """
    if min(is_class.sum(), (~is_class).sum()) < 2:
        return None
    own, rest = (
        mine - theirs
        for mine, theirs in zip(placements(is_class, scores), placements(is_class, others), strict=True)
    )
    value = float(own.mean())
    error = sqrt(own.var(ddof=1) / len(own) + rest.var(ddof=1) / len(rest))
    if error == 0:
        return AreaDifference(0.0, 0.0, 1.0) if value == 0 else None
    return AreaDifference(value, error, erfc(abs(value) / error / sqrt(2)))


def placements(is_class: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each image of the class the share of the rest that it outranks, (m,); for each of the rest the
    share of the class that outranks it, (n - m,). A tie counts half; the mean of either is the area.
    """
    ranks = midranks(scores)
    below_own = ranks[is_class] - midranks(scores[is_class])
    below_rest = ranks[~is_class] - midranks(scores[~is_class])
    return below_own / (~is_class).sum(), 1 - below_rest / is_class.sum()


def midranks(scores: np.ndarray) -> np.ndarray:
    """Ranks from 1, (n,); equal scores share the mean of their ranks."""
    _, which, counts = np.unique(scores, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[which]
