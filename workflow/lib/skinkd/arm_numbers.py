"""All numbers of one arm: every metric, overall and by class, for each seed, also on other lesions."""

from collections.abc import Callable

import numpy as np

from skinkd.intervals import Resampled, clusters, resampled
from skinkd.metrics import evaluate
from skinkd.quantities import METRICS
from skinkd.tested_arms import Arm


def resampled_numbers(sides: list[Arm], *, resamples: int, seed: int) -> Resampled:
    """Every number of `entries`, mean over seeds, under each resample, (resamples, sides, entries)."""
    return resampled(
        lambda weights: np.stack([by_seed(side, weights).mean(axis=0) for side in sides], axis=1),
        sides[0].lesions,
        sides[0].labels,
        resamples=resamples,
        generator=np.random.default_rng(seed),
    )


def numbers_of(side: int) -> Callable[[np.ndarray], np.ndarray]:
    """Of numbers (B, sides, entries) those of one side, (B, entries)."""
    return lambda numbers: numbers[:, side]


def first_minus_second(numbers: np.ndarray) -> np.ndarray:
    """Of numbers (B, 2, entries) what the first side has more than the second, (B, entries)."""
    return numbers[:, 0] - numbers[:, 1]


def entries(classes) -> list[tuple[str, str]]:
    """Metric and class of every number of an arm, in the order of `by_seed`; the class is '' overall."""
    overall = [(name, "") for name, metric in METRICS.items() if metric.overall]
    return overall + [(name, own) for name, metric in METRICS.items() if metric.by_class for own in classes]


def by_seed(arm: Arm, weights: np.ndarray | None = None) -> np.ndarray:
    """Every number of `entries` for each seed under each row of weights, (seeds, B, entries)."""
    return np.stack(
        [np.mean([_numbers(arm, model, weights) for model in models], axis=0) for models in arm.logits]
    )


def _numbers(arm: Arm, logits: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    found = evaluate(arm.labels, logits, weights)
    overall = [found.overall[name] for name, metric in METRICS.items() if metric.overall]
    by_class = [found.by_class[name] for name, metric in METRICS.items() if metric.by_class]
    return np.concatenate([np.stack(overall, axis=1), *by_class], axis=1)


def support_of(arm: Arm) -> dict[str, dict[str, int]]:
    """Images and lesions of each class."""
    is_class = {name: arm.labels == index for index, name in enumerate(arm.classes)}
    return {
        name: {"images": int(chosen.sum()), "lesions": n_lesions(arm.lesions[chosen], arm.labels[chosen])}
        for name, chosen in is_class.items()
    }


def n_lesions(lesions: np.ndarray, labels: np.ndarray) -> int:
    """How many lesions the images show."""
    return len(clusters(lesions, labels)[1]) if len(lesions) else 0
