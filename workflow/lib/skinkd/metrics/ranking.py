"""Metrics of the order in which a model puts the images: ROC, its area, average precision."""

import numpy as np

from skinkd.metrics.ratios import ratio


def by_ranking(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray):
    """Area under the ROC and average precision of each class against the rest, each (B, C).

    Args:
        labels: (n,) class indices.
        probabilities: (n, C).
        weights: (B, n) int32.
    """
    by_image = np.ascontiguousarray(weights.T)
    pairs = [
        one_against_the_rest(labels == index, scores, by_image)
        for index, scores in enumerate(probabilities.T)
    ]
    auc, average_precision = zip(*pairs, strict=True)
    return np.stack(auc, axis=1), np.stack(average_precision, axis=1)


def one_against_the_rest(is_class: np.ndarray, scores: np.ndarray, weights: np.ndarray):
    """Area under the ROC and average precision, each (B,), of one class.

    The area is the chance that an image of the class outranks one of the rest, a tie
    counted half. Average precision is the sum over the images of the class of the
    precision at their score, all images with that score included, as in scikit-learn.

    Args:
        is_class: (n,) bool.
        scores: (n,), larger for images more likely of the class.
        weights: (n, B) int32, at least 0. Sums of integers are exact and take half the time.
    """
    order = np.argsort(-scores, kind="stable")
    weights, is_class, descending = weights.take(order, axis=0), is_class[order], -scores[order]
    own, own_scores = weights[is_class], descending[is_class]
    # Row i of a sum is the weight of the first i rows, so that row 0 is none.
    all_above, own_above = _running_sum(weights), _running_sum(own)
    total, rest = own_above[-1].astype(np.float64), all_above[-1] - own_above[-1]
    before, until = (np.searchsorted(descending, own_scores, side) for side in ("left", "right"))
    n_own_above = np.concatenate([[0], np.cumsum(is_class)])
    own_until, all_until = own_above[n_own_above[until]], all_above[until]
    at_or_above = all_until - own_until
    at_or_above += all_above[before] - own_above[n_own_above[before]]
    outranked = np.einsum("ib,ib->b", own, at_or_above, dtype=np.float64) / 2
    auc = 1 - ratio(outranked, total * rest, empty=np.nan)
    # An image without weight adds nothing, whatever stands at its precision.
    precision = own_until / np.maximum(all_until, 1)
    return auc, ratio(np.einsum("ib,ib->b", own, precision), total, empty=np.nan)


def _running_sum(weights: np.ndarray) -> np.ndarray:
    """Sums of the first 0, 1, ... rows, (n + 1, B)."""
    sums = np.zeros((len(weights) + 1, weights.shape[1]), dtype=weights.dtype)
    np.cumsum(weights, axis=0, out=sums[1:])
    return sums


def roc(is_class: np.ndarray, scores: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """True positive rate at each false positive rate of `rates`, linear between the thresholds.

    Where the curve rises at one false positive rate, its upper end is taken.

    Args:
        is_class: (n,) bool, with both values present.
        scores: (n,), larger for images more likely of the class.
        rates: (m,), in [0, 1].
    """
    order = np.argsort(-scores, kind="stable")
    is_last_of_tie = np.append(np.diff(scores[order]) != 0, True)
    hits = np.append(0, np.cumsum(is_class[order])[is_last_of_tie])
    alarms = np.append(0, np.cumsum(~is_class[order])[is_last_of_tie])
    return np.interp(rates, alarms / alarms[-1], hits / hits[-1])
