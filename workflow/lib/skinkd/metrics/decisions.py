"""Metrics of the predicted class: accuracy, recall, precision, F1."""

import numpy as np

from skinkd.metrics.ratios import ratio


def confusion(labels: np.ndarray, predicted: np.ndarray, weights: np.ndarray, n_classes: int) -> np.ndarray:
    """Summed weights of true class (rows) by predicted class (columns), (B, C, C).

    Args:
        labels, predicted: (n,) class indices.
        weights: (B, n).
    """
    is_in_cell = np.zeros((len(labels), n_classes**2))
    is_in_cell[np.arange(len(labels)), labels * n_classes + predicted] = 1
    return (weights @ is_in_cell).reshape(-1, n_classes, n_classes)


def by_decision(labels, predicted, weights, n_classes):
    """Accuracy (B,), then recall, precision and F1 of each class, (B, C).

    A class without weight among the labels is NaN. A class that is never predicted
    has precision 0, as `zero_division=0` in scikit-learn.
    """
    counts = confusion(labels, predicted, weights, n_classes)
    hits = np.diagonal(counts, axis1=1, axis2=2)
    true, claimed = counts.sum(axis=2), counts.sum(axis=1)
    absent = np.where(true > 0, 0.0, np.nan)
    accuracy = ratio(hits.sum(axis=1), true.sum(axis=1), empty=np.nan)
    recall = ratio(hits, true, empty=np.nan)
    precision = ratio(hits, claimed, empty=0.0) + absent
    return accuracy, recall, precision, ratio(2 * hits, true + claimed, empty=0.0) + absent
