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
        "before": _errors(logits, labels),
        "after": _errors(logits / temperature, labels),
    }


def _errors(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    return {
        "negative_log_likelihood": float(log_losses(logits, labels).mean()),
        "brier": float(brier_losses(logits, labels).mean()),
        "expected_calibration_error": expected_calibration_error(softmax(logits), labels),
    }


def log_losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Minus the logarithm of the probability of each image's class, in nats, (n,); always finite."""
    above = logits - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(above).sum(axis=1)) - above[np.arange(len(labels)), labels]


def brier_losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Squared distance of each image's probabilities from its class, summed over classes, (n,), in [0, 2].

    Source: Brier, Verification of forecasts expressed in terms of probability, Monthly Weather Review
    78 (1950).
    """
    return ((softmax(logits) - np.eye(logits.shape[1])[labels]) ** 2).sum(axis=1)


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> float:
    """How far the highest probability is from the share that is right, a mean over bins of as many images.

    Source: Nguyen and O'Connor, Posterior calibration, EMNLP 2015, for the bins.

    Args:
        probabilities: (n, C).
        labels: (n,) class indices.
    """
    is_right = probabilities.argmax(axis=1) == labels
    return float(gaps(probabilities.max(axis=1), is_right[None], bins)[0])


def classwise_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> float:
    """The same of each class's probability against the share that is of the class, a mean over the classes.

    Source: Kull et al., Beyond temperature scaling, NeurIPS 2019; with bins of as many images.

    Args:
        probabilities: (n, C).
        labels: (n,) class indices.
    """
    return float(
        np.mean([gaps(own, (labels == index)[None], bins)[0] for index, own in enumerate(probabilities.T)])
    )


def gaps(promised: np.ndarray, came_true: np.ndarray, bins: int = BINS) -> np.ndarray:
    """The mean distance of promise and truth over bins of as many images, (B,).

    Args:
        promised: (n,) probabilities.
        came_true: (B, n) bool, one row for each set of outcomes.
    """
    order = np.argsort(promised, kind="stable")
    edges = edges_of(len(order), bins)
    distances = (came_true[:, order] - promised[order]).astype(float)
    return np.abs(np.add.reduceat(distances, edges, axis=1)).sum(axis=1) / len(order)


def edges_of(n: int, bins: int = BINS) -> np.ndarray:
    """The first place of each bin, where n things fill `bins` bins, or n if that is less, evenly."""
    used = min(n, bins)
    sizes = np.full(used, n // used) + (np.arange(used) < n % used)
    return np.append(0, np.cumsum(sizes)[:-1])


def outcomes_if_calibrated(promised: np.ndarray, lesion_of_image: np.ndarray, draws: int, seed: int):
    """Outcomes as they would be if every promise held, (draws, n) bool.

    The images of one lesion share their luck, so that they come true together as often as they can: what
    they have in common makes the mean over few lesions uneven.

    Source: Bröcker and Smith, Increasing the reliability of reliability diagrams, Weather and Forecasting
    22 (2007), consistency resampling; there of independent cases.

    Args:
        promised: (n,) probabilities.
        lesion_of_image: (n,) index of each image's lesion.
    """
    luck = np.random.default_rng(seed).random((draws, lesion_of_image.max() + 1))
    return luck[:, lesion_of_image] < promised


def bins_of(promised: np.ndarray, bins: int = BINS) -> np.ndarray:
    """The bin of each promise, (n,): bins of as many, in the order of the promises."""
    order = np.argsort(promised, kind="stable")
    starts = np.zeros(len(order), dtype=np.int64)
    starts[edges_of(len(order), bins)[1:]] = 1
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.cumsum(starts)
    return found
