"""One class against the rest at chosen thresholds: what is caught, and at the price of which false alarms."""

import numpy as np

from skinkd.detection import LEAST_SENSITIVITY, WANTED
from skinkd.metrics.ratios import ratio

# A share of whole numbers may lie below its decimal by a rounding.
TINY = 1e-12


def choose_thresholds(is_class: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """For each of `WANTED` the threshold that keeps it on these images and loses least of the other, (5,).

    An image is taken for the class where its score is at the threshold or above it. A threshold is one of
    the scores, or lies just above all of them.

    Args:
        is_class: (n,) bool, with both values present.
        scores: (n,).
    """
    thresholds = np.append(np.unique(scores), np.nextafter(scores.max(), np.inf))
    own, rest = np.sort(scores[is_class]), np.sort(scores[~is_class])
    sensitivity = 1 - np.searchsorted(own, thresholds) / len(own)
    specificity = np.searchsorted(rest, thresholds) / len(rest)
    highest = [np.flatnonzero(sensitivity >= share - TINY)[-1] for _, share in WANTED]
    lowest = [np.flatnonzero(specificity >= share - TINY)[0] for _, share in WANTED]
    kinds = [kind for kind, _ in WANTED]
    places = [
        h if kind == "sensitivity" else low for kind, h, low in zip(kinds, highest, lowest, strict=True)
    ]
    return thresholds[places]


def readings(is_class: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """What the ROC says under each row of weights: `auc_sens_80`, then the best other share for each of
    `WANTED`, (B, 6); NaN where the class or the rest has no weight.

    Args:
        is_class: (n,) bool.
        scores: (n,), larger for images more likely of the class.
        weights: (B, n), whole numbers, at least 0.
    """
    caught, alarms = _curve(is_class, scores, weights)
    found = [partial_area(caught, alarms)]
    for kind, share in WANTED:
        kept, lost = (1 - alarms, caught) if kind == "specificity" else (caught, 1 - alarms)
        best = np.where(kept >= share - TINY, lost, -np.inf).max(axis=0)
        found.append(np.where(np.isnan(caught[-1] + alarms[-1]), np.nan, best))
    return np.stack(found, axis=1)


def _curve(is_class, scores, weights) -> tuple[np.ndarray, np.ndarray]:
    """Sensitivity and false positive rate at each threshold, from none to all images, (thresholds + 1, B)."""
    order = np.argsort(-scores, kind="stable")
    first_of_tie = np.append(0, np.flatnonzero(np.diff(scores[order])) + 1)
    sides = []
    for chosen in (is_class, ~is_class):
        by_image = np.where(chosen[order, None], weights.T[order], 0)
        sums = np.cumsum(np.add.reduceat(by_image, first_of_tie, axis=0), axis=0, dtype=np.float64)
        sides.append(ratio(np.pad(sums, ((1, 0), (0, 0))), sums[-1], empty=np.nan))
    return sides[0], sides[1]


def partial_area(caught: np.ndarray, alarms: np.ndarray, least: float = LEAST_SENSITIVITY) -> np.ndarray:
    """The area under the ROC from where it reaches a sensitivity on, raw, (B,).

    The official scorer of the ISIC challenges calls it `auc_sens_80`: the whole area below that piece of
    the curve, 1 for a perfect order and 0.18 for chance, not rescaled as `max_fpr` is in scikit-learn.

    Args:
        caught, alarms: sensitivity and false positive rate, (thresholds + 1, B), rising from 0 to 1.
    """
    widths, heights = np.diff(alarms, axis=0), (caught[1:] + caught[:-1]) / 2
    beyond = np.where(caught[:-1] >= least, widths * heights, 0).sum(axis=0)
    # The piece of the curve that crosses the sensitivity counts from there on.
    place = np.argmax(caught >= least, axis=0)[None]
    before, at = (np.take_along_axis(caught, place + step, axis=0)[0] for step in (-1, 0))
    width = np.take_along_axis(widths, place - 1, axis=0)[0]
    crossing = width * (1 - ratio(least - before, at - before, empty=0.0)) * (least + at) / 2
    return np.where(np.isnan(caught[-1] + alarms[-1]), np.nan, beyond + crossing)
