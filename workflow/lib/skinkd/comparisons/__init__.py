"""Tests of one arm against its baseline, beside the interval of their difference.

The resamples of lesions test the primary metrics. DeLong's and McNemar's tests are what readers know; both
ignore that images of one lesion are alike, and say so in their names.
"""

import numpy as np

from skinkd.comparisons.bootstrap import bootstrap_p, standard_error
from skinkd.comparisons.delong import delong
from skinkd.comparisons.mcnemar import mcnemar
from skinkd.comparisons.sign_flips import sign_flip_p
from skinkd.intervals import Resampled
from skinkd.metrics import softmax
from skinkd.tested_arms import Arm

PRIMARY = ("balanced_accuracy", "accuracy", "auc")
# A record holds six digits, and no test gives 0.
SMALLEST_P = 1e-6


def with_tests(differences: list[dict], arm: Arm, baseline: Arm, draws: Resampled, seeds) -> list[dict]:
    """The records of differences, those of the primary metrics with what tests say of them.

    Args:
        differences: in the order of the last axis of `draws`.
        draws: (resamples, entries), the arm's numbers minus the baseline's.
        seeds: for either side (seeds, entries), its numbers.
    """
    pairs = paired_models(arm, baseline)
    own = None if pairs is None else seeds[0] - seeds[1]
    return [
        record
        | _over_lesions(record, draws, place)
        | _over_seeds(record, None if own is None else own[:, place])
        | _ignoring_lesions(record, arm, pairs)
        for place, record in enumerate(differences)
    ]


def paired_models(arm: Arm, baseline: Arm) -> list[tuple[np.ndarray, np.ndarray]] | None:
    """Logits (n, C) of both arms for each seed and fold; None where they did not run with the same ones."""
    if arm.runs != baseline.runs:
        return None
    sides = ([model for models in side.logits for model in models] for side in (arm, baseline))
    return list(zip(*sides, strict=True))


def _over_lesions(record: dict, draws: Resampled, place: int) -> dict:
    """What resampling lesions says of a primary metric."""
    if record["metric"] not in PRIMARY or record["class"]:
        return {}
    own = draws.of(lambda numbers: numbers[:, place])
    return {"standard_error": standard_error(own), "p": bootstrap_p(own)}


def _over_seeds(record: dict, differences: np.ndarray | None) -> dict:
    """What seeds say of a primary metric; None where the arms' seeds are not the same."""
    if record["metric"] not in PRIMARY or record["class"]:
        return {}
    if differences is None or np.isnan(differences).any():
        return dict.fromkeys(("by_seed", "seed_sd", "p_sign_flip"))
    spread = float(differences.std(ddof=1)) if len(differences) > 1 else None
    return {"by_seed": differences.tolist(), "seed_sd": spread, "p_sign_flip": sign_flip_p(differences)}


def _ignoring_lesions(record: dict, arm: Arm, pairs) -> dict:
    """DeLong's test of the area of one class, McNemar's of accuracy."""
    place = record["metric"], record["class"]
    if place == ("accuracy", ""):
        return {"mcnemar_ignoring_lesions": pairs and _over_models(accuracy_tests(arm.labels, pairs))}
    if place[0] == "auc" and place[1]:
        is_class = arm.labels == arm.classes.index(place[1])
        found = pairs and area_tests(is_class, arm.classes.index(place[1]), pairs)
        return {"delong_ignoring_lesions": found and _over_models(found)}
    return {}


def accuracy_tests(labels: np.ndarray, pairs) -> list[float]:
    """McNemar's p value for each pair of models."""
    return [mcnemar(*(side.argmax(axis=1) == labels for side in pair)) for pair in pairs]


def area_tests(is_class: np.ndarray, column: int, pairs) -> list[float] | None:
    """DeLong's p value for each pair of models; None where one has none."""
    found = [delong(is_class, *(softmax(side)[:, column] for side in pair)) for pair in pairs]
    return None if None in found else [area.p for area in found]


def _over_models(p_values: list[float]) -> dict:
    """The test of the middle pair of models, and of that which says least."""
    held = np.maximum(p_values, SMALLEST_P)
    return {"models": len(held), "median_p": float(np.median(held)), "largest_p": float(held.max())}
