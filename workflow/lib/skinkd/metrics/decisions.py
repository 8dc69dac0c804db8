"""Metrics of the predicted class: what a table of true by predicted class says."""

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
    # As floats, for which there is a fast product.
    return (weights.astype(np.float64) @ is_in_cell).reshape(-1, n_classes, n_classes)


def by_decision(labels, predicted, weights, n_classes) -> tuple[dict, dict]:
    """Metrics of the decision: over all classes, each (B,), and of each class, each (B, C), by name.

    A class without weight among the labels is NaN. A class that is never predicted
    has precision 0, as `zero_division=0` in scikit-learn; where nothing else is
    predicted, so has the rest.
    """
    counts = confusion(labels, predicted, weights, n_classes)
    hits, true, claimed = np.diagonal(counts, axis1=1, axis2=2), counts.sum(axis=2), counts.sum(axis=1)
    by_class = _by_class(hits, true, claimed)
    absent = np.where(true > 0, 0.0, np.nan)
    by_class = {name: values + absent for name, values in by_class.items()}
    return _overall(hits, true, claimed, by_class), by_class


def _by_class(hits: np.ndarray, true: np.ndarray, claimed: np.ndarray) -> dict[str, np.ndarray]:
    """Metrics of each class against the rest from its counts, all (B, C)."""
    total = true.sum(axis=1, keepdims=True)
    rest, claimed_rest = total - true, total - claimed
    rest_hits = rest - (claimed - hits)
    recall = ratio(hits, true, empty=np.nan)
    precision = ratio(hits, claimed, empty=0.0)
    specificity = ratio(rest_hits, rest, empty=np.nan)
    return {
        "recall": recall,
        "precision": precision,
        "f1": ratio(2 * hits, true + claimed, empty=0.0),
        "specificity": specificity,
        "negative_predictive_value": ratio(rest_hits, claimed_rest, empty=0.0),
        "false_positive_rate": 1 - specificity,
        "false_discovery_rate": 1 - precision,
        "false_negative_rate": 1 - recall,
    }


def _overall(hits, true, claimed, by_class: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Metrics over all classes, each (B,)."""
    total = true.sum(axis=1)
    # A class without weight has no F1 and no weight in the mean.
    weighted = np.nansum(true * by_class["f1"], axis=1)
    return {
        "accuracy": ratio(hits.sum(axis=1), total, empty=np.nan),
        "balanced_accuracy": by_class["recall"].mean(axis=1),
        "macro_precision": by_class["precision"].mean(axis=1),
        "f1_macro": by_class["f1"].mean(axis=1),
        "f1_weighted": ratio(weighted, total, empty=np.nan),
        "matthews_correlation": _matthews_correlation(hits, true, claimed),
    }


def _matthews_correlation(hits, true, claimed) -> np.ndarray:
    """Correlation of true and predicted class, (B,); 0 for a constant prediction, NaN for one true class.

    Source: Gorodkin, Comparing two K-category assignments by a K-category correlation
    coefficient, Computational Biology and Chemistry 28 (2004), R_K.
    """
    total = true.sum(axis=1)
    covariance = total * hits.sum(axis=1) - (true * claimed).sum(axis=1)
    spread, claimed_spread = (total**2 - (counts**2).sum(axis=1) for counts in (true, claimed))
    single = np.where(spread > 0, 0.0, np.nan)
    return ratio(covariance, np.sqrt(spread * claimed_spread), empty=0.0) + single
