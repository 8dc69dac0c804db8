"""The scores of one arm: every metric over its folds and seeds, with intervals over lesions."""

import numpy as np

from skinkd.arm_numbers import (
    by_seed,
    first_minus_second,
    n_lesions,
    numbers_of,
    resampled_numbers,
    support_of,
)
from skinkd.comparisons import with_tests
from skinkd.details import details_of
from skinkd.intervals import Resampled
from skinkd.metric_records import difference_records, metric_records
from skinkd.metrics import softmax
from skinkd.metrics.decisions import confusion
from skinkd.metrics.ranking import roc
from skinkd.predictions import read_predictions
from skinkd.tested_arms import Arm, check_same_images, evaluated_on_everything, read_runs, tested

# The first point of every curve is (0, 0), so the grid has 101.
ROC_RATES = np.linspace(0, 1, 100)


def score(
    paths_to_predictions,
    paths_to_baseline,
    *,
    resamples: int,
    confidence: float,
    seed: int,
    read=read_predictions,
    about: dict[str, dict[str, str]] | None = None,
) -> dict:
    """The record of one arm's scores on its test part.

    A value is the mean over seeds. Its interval says how it would move with other
    lesions, not with other seeds: that is `seed_sd`. A difference is this arm minus the
    baseline, both seen under the same resamples. Where the files hold training images, too,
    `everything` says what the same metrics are on all images.

    Args:
        paths_to_predictions: the arm's files, one per fold and seed.
        paths_to_baseline: those of the arm that it is compared with; may be empty.
        resamples: how often lesions are drawn.
        confidence: share of the resamples inside an interval, in (0, 1).
        seed: of the resampling.
        read: gives what a file of predictions holds.
        about: sex, age band, site and source by image id, from `skinkd.details.subgroups`; None where
            nothing is known of the images.

    Raises:
        InputError: where a file is wrong or two do not fit together.
    """
    files = read_runs(paths_to_predictions, read)
    arm = tested(files)
    sides = [arm]
    if paths_to_baseline:
        sides.append(tested(read_runs(paths_to_baseline, read)))
        check_same_images(paths_to_predictions[0], paths_to_baseline[0], *sides)
    drawn = {"resamples": resamples, "seed": seed}
    draws = resampled_numbers(sides, **drawn)
    return {
        "paper": arm.paper,
        "protocol": arm.protocol,
        "arm": arm.arm,
        "classes": list(arm.classes),
        "baseline": sides[1].arm if paths_to_baseline else None,
        "resamples": resamples,
        "resampling_seed": seed,
        "confidence": confidence,
        "runs": [{"fold": fold, "seed": seed} for fold, seed in arm.runs],
        "n_seeds": len(arm.logits),
        "n_images": len(arm.images),
        "n_lesions": n_lesions(arm.lesions, arm.labels),
        "support": support_of(arm),
        "metrics": metric_records(arm, draws.of(numbers_of(0)), confidence),
        "differences": compared(*sides, draws, confidence) if paths_to_baseline else [],
        "everything": everything_records(evaluated_on_everything(files), confidence, **drawn),
        "confusion": summed_confusion(arm),
        "corrected": corrected(*sides) if paths_to_baseline else None,
        "mean_logits": mean_logits(arm),
        "roc": mean_roc(arm),
        **details_of(files, about, confidence=confidence, **drawn),
    }


def everything_records(arm: Arm | None, confidence: float, *, resamples: int, seed: int) -> list[dict]:
    """The records of `metric_records` on all images, without their seeds; none where there is no such arm."""
    if arm is None:
        return []
    draws = resampled_numbers([arm], resamples=resamples, seed=seed).of(numbers_of(0))
    kept = ("metric", "class", "value", "low", "high", "note")
    return [{key: record[key] for key in kept} for record in metric_records(arm, draws, confidence)]


def compared(arm: Arm, baseline: Arm, draws: Resampled, confidence: float) -> list[dict]:
    """The differences, and what tests say of those in the primary metrics."""
    seeds = [by_seed(side)[:, 0] for side in (arm, baseline)]
    found = difference_records(arm, baseline, draws, confidence)
    return with_tests(found, arm, baseline, draws.of(first_minus_second), seeds)


def summed_confusion(arm: Arm) -> list[list[int]]:
    """Images of true class (rows) by predicted class (columns), summed over runs."""
    once = np.ones((1, len(arm.labels)))
    counts = sum(
        confusion(arm.labels, model.argmax(axis=1), once, len(arm.classes))[0]
        for models in arm.logits
        for model in models
    )
    return [[round(count) for count in row] for row in counts]


def corrected(arm: Arm, baseline: Arm) -> list[list[float]]:
    """Images of true class (rows) that the baseline takes for another class (columns) and the arm gets right.

    A mean over all pairs of a model of the arm and one of the baseline.
    """
    is_class = np.eye(len(arm.classes))
    is_right, taken_for = (_shares(side) for side in (arm, baseline))
    is_right = is_right[np.arange(len(arm.labels)), arm.labels]
    found = is_class[arm.labels].T @ (is_right[:, None] * taken_for) * (1 - is_class)
    return found.tolist()


def _shares(arm: Arm) -> np.ndarray:
    """The share of the arm's models that predict each class of each image, (n, C)."""
    is_class = np.eye(len(arm.classes))
    return np.mean([is_class[model.argmax(axis=1)] for models in arm.logits for model in models], axis=0)


def mean_logits(arm: Arm) -> list[list[float] | None]:
    """For each true class, the mean over its images and the runs of their logits; None without images."""
    logits = np.mean([model for models in arm.logits for model in models], axis=0)
    chosen = [arm.labels == index for index in range(len(arm.classes))]
    return [logits[own].mean(axis=0).tolist() if own.any() else None for own in chosen]


def mean_roc(arm: Arm) -> dict[str, dict[str, list[float]]]:
    """For each class with test images, the mean over runs of its true positive rate on one grid."""
    probabilities = [softmax(model) for models in arm.logits for model in models]
    curves = {}
    for index, name in enumerate(arm.classes):
        is_class = arm.labels == index
        if is_class.any() and not is_class.all():
            rates = np.mean([roc(is_class, scores[:, index], ROC_RATES) for scores in probabilities], axis=0)
            curves[name] = {"fpr": [0.0, *ROC_RATES.tolist()], "tpr": [0.0, *rates.tolist()]}
    return curves
