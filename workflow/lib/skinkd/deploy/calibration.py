"""Whether probabilities mean what they say, and the one number that mends much of it: a temperature.

Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
"""

import numpy as np

from skinkd.metrics import softmax

COLDEST, HOTTEST = 0.01, 100.0
HALVINGS = 60  # of the logarithm's range: beyond float64
BINS = 15


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature whose probabilities have the lowest negative log-likelihood, in [0.01, 100].

    Its slope over the inverse temperature only rises, so that bisection finds where it is zero.

    Args:
        logits: (n, C), n at least 1.
        labels: (n,) class indices.
    """
    low, high = np.log(1 / HOTTEST), np.log(1 / COLDEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _slope(logits, labels, np.exp(middle)) < 0:
            low = middle
        else:
            high = middle
    return float(np.exp(-(low + high) / 2))


def _slope(logits: np.ndarray, labels: np.ndarray, inverse: float) -> float:
    """Derivative of the negative log-likelihood by the inverse temperature, a mean over the images."""
    expected = (softmax(logits * inverse) * logits).sum(axis=1)
    return float(np.mean(expected - logits[np.arange(len(labels)), labels]))


def describe_calibration(logits: np.ndarray, labels: np.ndarray, temperature: float) -> dict:
    """Negative log-likelihood, Brier score and calibration error at temperature 1 and at the fitted one."""
    return {
        "images": len(labels),
        "before": _errors(softmax(logits), labels),
        "after": _errors(softmax(logits / temperature), labels),
    }


def _errors(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    of_truth = probabilities[np.arange(len(labels)), labels]
    one_hot = np.eye(probabilities.shape[1])[labels]
    return {
        "negative_log_likelihood": float(-np.log(np.maximum(of_truth, np.finfo(float).tiny)).mean()),
        "brier": float(((probabilities - one_hot) ** 2).sum(axis=1).mean()),
        "expected_calibration_error": expected_calibration_error(probabilities, labels),
    }


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> float:
    """How far the highest probability is from the share that is right, a mean over bins of as many images.

    Source: Nguyen and O'Connor, Posterior calibration, EMNLP 2015, for the bins.

    Args:
        probabilities: (n, C).
        labels: (n,) class indices.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    order = np.argsort(confidence, kind="stable")
    pieces = [piece for piece in np.array_split(order, bins) if len(piece)]
    gaps = [len(piece) * abs(confidence[piece].mean() - right[piece].mean()) for piece in pieces]
    return float(sum(gaps) / len(labels))
