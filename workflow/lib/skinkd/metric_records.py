"""Records of an arm's numbers: values, intervals, seeds, and what a reader must know of them."""

import numpy as np

from skinkd.arm_numbers import by_seed, entries, first_minus_second, n_lesions, support_of
from skinkd.intervals import Resampled, wilson
from skinkd.quantities import METRICS
from skinkd.tested_arms import Arm

# Metrics of a class that are shares of its own images, or of those of the rest.
OF_CLASS, OF_REST = {"recall", "false_negative_rate"}, {"specificity", "false_positive_rate"}


def metric_records(arm: Arm, draws: Resampled, confidence: float) -> list[dict]:
    """One record per entry: its value, interval, seeds, and a note on what it rests on."""
    seeds, support = by_seed(arm)[:, 0], support_of(arm)
    ends = intervals_of(arm, seeds.mean(axis=0), draws, confidence)
    undefined = np.isnan(draws.draws).mean(axis=0)
    return [
        {
            "metric": metric,
            "class": own,
            "value": _or_none(seeds[:, i].mean()),
            "low": _or_none(ends[i][0]),
            "high": _or_none(ends[i][1]),
            "seed_sd": _or_none(seeds[:, i].std(ddof=1)) if len(seeds) > 1 else None,
            "by_seed": [_or_none(value) for value in seeds[:, i]],
            "note": note_of(support, metric, own, undefined[i], ends[i][0] == ends[i][1]),
        }
        for i, (metric, own) in enumerate(entries(arm.classes))
    ]


def intervals_of(arm: Arm, values: np.ndarray, draws: Resampled, confidence: float) -> list[tuple]:
    """The interval of each entry; of a share of none or of all, Wilson's over as many cases as lesions.

    Every resample of hits alone is of hits alone: its percentiles would have no width, however few there are.
    """
    found = list(zip(*draws.interval(confidence), strict=True))
    for place, (metric, own) in enumerate(entries(arm.classes)):
        counted = _counted(arm, metric, own)
        if counted.any() and values[place] in (0, 1):
            cases = n_lesions(arm.lesions[counted], arm.labels[counted])
            found[place] = wilson(float(values[place]), cases, confidence)
    return found


def _counted(arm: Arm, metric: str, own: str) -> np.ndarray:
    """The images of which a metric is a share, (n,) bool; none where it is no share of known images."""
    everywhere = np.ones(len(arm.labels), dtype=bool)
    if metric == "accuracy":
        return everywhere
    if metric in OF_CLASS | OF_REST:
        return (arm.labels == arm.classes.index(own)) == (metric in OF_CLASS)
    return ~everywhere


def difference_records(arm: Arm, baseline: Arm, draws: Resampled, confidence: float) -> list[dict]:
    """One record per entry: arm minus baseline, and the interval of that difference."""
    values = by_seed(arm)[:, 0].mean(axis=0) - by_seed(baseline)[:, 0].mean(axis=0)
    low, high = draws.of(first_minus_second).interval(confidence)
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


def note_of(support: dict, metric: str, own: str, undefined: float, fixed: bool) -> str:
    """What a reader must know of one number: classes without images, single lesions, lost or equal resamples.

    Args:
        undefined: share of the resamples.
        fixed: whether its interval has no width.
    """
    absent = [name for name, has in support.items() if not has["images"]]
    if own in absent:
        return f"undefined: no image of {own}"
    is_mean = METRICS[metric].mean_of_classes and not own
    if is_mean and absent:
        return f"undefined: no image of {', '.join(absent)}, of {len(support)} classes"
    single = bool(own) and support[own]["lesions"] == 1
    notes = {
        f"mean of {len(support)} classes": is_mean,
        "a single lesion: its interval says nothing": single and (fixed or metric not in OF_CLASS | OF_REST),
        "the same in every resample: its interval says nothing": fixed and not single,
        f"undefined in {100 * undefined:.1f} % of the resamples": undefined > 0,
    }
    return "; ".join(note for note, holds in notes.items() if holds)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
