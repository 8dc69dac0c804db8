"""The scores of one arm: every metric over its folds and seeds, with intervals over lesions."""

import numpy as np

from skinkd.comparisons import with_tests
from skinkd.details import details_of
from skinkd.intervals import clusters, percentile_interval, resampled
from skinkd.metrics import evaluate, softmax
from skinkd.metrics.decisions import confusion
from skinkd.metrics.ranking import roc
from skinkd.predictions import read_predictions
from skinkd.quantities import METRICS
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
        "metrics": metric_records(arm, draws[:, 0], confidence),
        "differences": compared(*sides, draws, confidence) if paths_to_baseline else [],
        "everything": everything_records(evaluated_on_everything(files), confidence, **drawn),
        "confusion": summed_confusion(arm),
        "corrected": corrected(*sides) if paths_to_baseline else None,
        "mean_logits": mean_logits(arm),
        "roc": mean_roc(arm),
        **details_of(files, about, confidence=confidence, **drawn),
    }


def resampled_numbers(sides: list[Arm], *, resamples: int, seed: int) -> np.ndarray:
    """Every number of `entries`, mean over seeds, under each resample, (resamples, sides, entries)."""
    return resampled(
        lambda weights: np.stack([by_seed(side, weights).mean(axis=0) for side in sides], axis=1),
        sides[0].lesions,
        sides[0].labels,
        resamples=resamples,
        generator=np.random.default_rng(seed),
    )


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


def metric_records(arm: Arm, draws: np.ndarray, confidence: float) -> list[dict]:
    """One record per entry: its value, interval, seeds, and a note on what it rests on."""
    seeds, support = by_seed(arm)[:, 0], support_of(arm)
    low, high = percentile_interval(draws, confidence)
    undefined = np.isnan(draws).mean(axis=0)
    return [
        {
            "metric": metric,
            "class": own,
            "value": _or_none(seeds[:, i].mean()),
            "low": _or_none(low[i]),
            "high": _or_none(high[i]),
            "seed_sd": _or_none(seeds[:, i].std(ddof=1)) if len(seeds) > 1 else None,
            "by_seed": [_or_none(value) for value in seeds[:, i]],
            "note": note_of(support, metric, own, undefined[i]),
        }
        for i, (metric, own) in enumerate(entries(arm.classes))
    ]


def everything_records(arm: Arm | None, confidence: float, *, resamples: int, seed: int) -> list[dict]:
    """The records of `metric_records` on all images, without their seeds; none where there is no such arm."""
    if arm is None:
        return []
    records = metric_records(arm, resampled_numbers([arm], resamples=resamples, seed=seed)[:, 0], confidence)
    kept = ("metric", "class", "value", "low", "high", "note")
    return [{key: record[key] for key in kept} for record in records]


def difference_records(arm: Arm, baseline: Arm, draws: np.ndarray, confidence: float) -> list[dict]:
    """One record per entry: arm minus baseline, and the interval of that difference."""
    values = by_seed(arm)[:, 0].mean(axis=0) - by_seed(baseline)[:, 0].mean(axis=0)
    low, high = percentile_interval(draws[:, 0] - draws[:, 1], confidence)
    return [
        {
            "metric": metric,
            "class": own,
            "baseline": baseline.arm,
            "value": _or_none(values[i]),
            "low": _or_none(low[i]),
            "high": _or_none(high[i]),
        }
        for i, (metric, own) in enumerate(entries(arm.classes))
    ]


def compared(arm: Arm, baseline: Arm, draws: np.ndarray, confidence: float) -> list[dict]:
    """The differences, and what tests say of those in the primary metrics."""
    seeds = [by_seed(side)[:, 0] for side in (arm, baseline)]
    return with_tests(difference_records(arm, baseline, draws, confidence), arm, baseline, draws, seeds)


def note_of(support: dict, metric: str, own: str, undefined: float) -> str:
    """What a reader must know of one number: classes without images, single lesions, lost resamples."""
    absent = [name for name, has in support.items() if not has["images"]]
    if own in absent:
        return f"undefined: no image of {own}"
    is_mean = METRICS[metric].mean_of_classes and not own
    if is_mean and absent:
        return f"undefined: no image of {', '.join(absent)}, of {len(support)} classes"
    notes = {
        f"mean of {len(support)} classes": is_mean,
        "a single lesion: its interval says nothing": bool(own) and support[own]["lesions"] == 1,
        f"undefined in {100 * undefined:.1f} % of the resamples": undefined > 0,
    }
    return "; ".join(note for note, holds in notes.items() if holds)


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


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
