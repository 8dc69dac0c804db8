"""The metrics of the study: what each means, and their values under many image weights at once.

A weight is how often an image was drawn in a resample, so that a bootstrap is one
call. A class without a test image (or without any other test image, for `auc`) has
no value, and neither has a mean over classes: a mean over fewer classes would look
like one over all of them.
"""

from dataclasses import dataclass

import numpy as np

from skinkd.metrics.decisions import by_decision
from skinkd.metrics.ranking import by_ranking


@dataclass(frozen=True)
class Metric:
    """What a number under this name means."""

    name: str
    label: str
    meaning: str
    overall: bool = True  # one value for the whole test part
    by_class: bool = False  # one value for each class against the rest
    mean_of_classes: bool = False  # its overall value is the plain mean of its classes
    unit: str = "share"
    lowest: float = 0.0
    highest: float = 1.0
    higher_is_better: bool = True


_ENTRIES = (
    Metric("accuracy", "Accuracy", "images whose most probable class is the true one"),
    Metric("balanced_accuracy", "Balanced accuracy", "mean of the classes' recalls", mean_of_classes=True),
    Metric(
        "auc",
        "AUC",
        "area under the ROC of a class against the rest, ties counted half; overall, mean of the classes",
        by_class=True,
        mean_of_classes=True,
    ),
    # ASSUME: SSD-KD's authors' code computes no average precision for the mAP that the paper prints;
    # its values stand beside both our mean average precision and our macro precision.
    Metric(
        "map",
        "mAP",
        "mean over classes of the average precision of a class against the rest",
        mean_of_classes=True,
    ),
    Metric("macro_precision", "Macro precision", "mean of the classes' precisions", mean_of_classes=True),
    Metric("recall", "Recall", "images of a class that are predicted so", overall=False, by_class=True),
    Metric(
        "precision",
        "Precision",
        "images predicted as a class that are of it; 0 if none is predicted so",
        overall=False,
        by_class=True,
    ),
    Metric("f1", "F1", "harmonic mean of a class's precision and recall", overall=False, by_class=True),
)
METRICS: dict[str, Metric] = {entry.name: entry for entry in _ENTRIES}


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
        weights: (B, n), at least 0; None means one row of ones.
    """
    labels, logits = np.asarray(labels), np.asarray(logits, dtype=np.float64)
    weights = np.ones((1, len(labels))) if weights is None else np.asarray(weights, dtype=np.float64)
    accuracy, recall, precision, f1 = by_decision(labels, logits.argmax(axis=1), weights, logits.shape[1])
    auc, average_precision = by_ranking(labels, softmax(logits), weights)
    overall = {
        "accuracy": accuracy,
        "balanced_accuracy": recall.mean(axis=1),
        "auc": auc.mean(axis=1),
        "map": average_precision.mean(axis=1),
        "macro_precision": precision.mean(axis=1),
    }
    return Evaluation(overall, {"recall": recall, "precision": precision, "f1": f1, "auc": auc})


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities, (n, C) float64, of logits (n, C)."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
