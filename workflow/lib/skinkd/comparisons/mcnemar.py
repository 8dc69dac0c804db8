"""McNemar's exact test of two accuracies on the same images. It takes images as independent.

Images of one lesion are not: where lesions have several images its p value is too small. The
resamples of lesions have no such fault.
"""

from math import comb

import numpy as np


def mcnemar(is_right: np.ndarray, is_other_right: np.ndarray) -> float:
    """Two-sided p value of equal accuracy, of the images that only one of two models gets right.

    Without such images it is 1.

    Source: McNemar, Note on the sampling error of the difference between correlated proportions or
    percentages, Psychometrika 12 (1947); exact by the binomial distribution.

    Args:
        is_right, is_other_right: (n,) bool.
    """
    only_one, only_other = int((is_right & ~is_other_right).sum()), int((~is_right & is_other_right).sum())
    torn, fewer = only_one + only_other, min(only_one, only_other)
    # Whole numbers of any size: a sum of floats would lose a p value this small.
    return min(1.0, 2 * sum(comb(torn, k) for k in range(fewer + 1)) / 2**torn)
