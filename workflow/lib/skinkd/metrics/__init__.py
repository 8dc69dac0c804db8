"""The metrics of the study under many image weights at once; `skinkd.quantities` says what each means.

A weight is how often an image was drawn in a resample, so that a bootstrap is one
call. A class without a test image (or without any other, where the rest is counted)
has no value, and neither has a mean over classes: a mean over fewer classes would look
like one over all of them.
"""

from dataclasses import dataclass

import numpy as np

from skinkd.metrics.decisions import by_decision
from skinkd.metrics.ranking import by_ranking


@dataclass(frozen=True)
class Evaluation:
    """Values of every metric under B rows of weights; NaN where one is undefined.

    Args:
        overall: for each overall metric, (B,).
        by_class: for each metric by class, (B, C).
    """

    overall: dict[str, np.ndarray]
    by_class: dict[str, np.ndarray]


def evaluate(labels: np.ndarray, logits: np.ndarray, weights: np.ndarray | None = None) -> Evaluation:
    """Every metric of `METRICS` under each row of weights.

    Decisions are taken on the logits; of equal largest logits the first class in
    class order wins, as `argmax` has it in numpy and torch. Rankings are taken on
    the softmax probabilities, computed in float64.

    Args:
        labels: (n,) class indices in [0, C).
        logits: (n, C), finite.
        weights: (B, n), whole numbers, at least 0; None means one row of ones.

    Raises:
        TypeError: for weights that are not integers.
    """
    labels, logits = np.asarray(labels), np.asarray(logits, dtype=np.float64)
    weights = np.ones((1, len(labels)), dtype=np.int32) if weights is None else np.asarray(weights)
    weights = weights.astype(np.int32, casting="same_kind", copy=False)
    overall, by_class = by_decision(labels, logits.argmax(axis=1), weights, logits.shape[1])
    auc, average_precision = by_ranking(labels, softmax(logits), weights)
    overall |= {"auc": auc.mean(axis=1), "map": average_precision.mean(axis=1)}
    return Evaluation(overall, by_class | {"auc": auc})


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities, (n, C) float64, of logits (n, C)."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
