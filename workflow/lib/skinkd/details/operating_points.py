"""What an arm finds of melanoma, or of malignant lesions, at thresholds that validation chose."""

from dataclasses import replace

import numpy as np

from skinkd.detection import MELANOMA_OR_MALIGNANT, OTHER, WANTED, class_to_find
from skinkd.metrics import softmax
from skinkd.operating_points import choose_thresholds, readings
from skinkd.predictions import Predictions
from skinkd.resampled_shares import estimates, share_estimates
from skinkd.tested_arms import Arm, tested


def operating_points_of(files, **drawn) -> dict:
    """`auc_sens_80`, what the test curve allows, and what the thresholds of the validation part give on test.

    Args:
        files: from `read_runs`.
        drawn: `resamples`, `seed` and `confidence`.
    """
    arm = tested(files)
    name = class_to_find(arm.classes)
    reason = _why_none(arm, name)
    record = {"class": name, "reason": reason, "auc_sens_80": None, "validation": None, "points": []}
    if reason:
        return record
    index = arm.classes.index(name)
    runs = [_chosen(run, index) for _, run in files]
    area, *on_curve = estimates(_mean_reading(arm, index), arm, **drawn)
    return record | {
        "auc_sens_80": area,
        "validation": {
            "images": [run["images"] for run in runs],
            "of_class": [run["of_class"] for run in runs],
            "reason": "; ".join(dict.fromkeys(run["reason"] for run in runs if run["reason"])),
        },
        "points": _points(files, arm, index, runs, on_curve, **drawn),
    }


def _why_none(arm: Arm, name: str | None) -> str:
    if name is None:
        return f"the task has no class {' or '.join(MELANOMA_OR_MALIGNANT)}"
    is_class = arm.labels == arm.classes.index(name)
    if not is_class.any():
        return f"no test image of {name}"
    return "" if not is_class.all() else f"no test image but of {name}"


def _mean_reading(arm: Arm, index: int):
    """The statistic of all readings of the curve, mean over the runs."""
    scores = [softmax(model)[:, index] for models in arm.logits for model in models]
    is_class = arm.labels == index
    return lambda weights: np.mean([readings(is_class, own, weights) for own in scores], axis=0)


def _chosen(run: Predictions, index: int) -> dict:
    """The thresholds of a run and what they give on its validation part, or why it has none."""
    own = run.part("validation")
    is_class = own.labels == index
    found = {"images": len(own), "of_class": int(is_class.sum()), "reason": ""}
    if not is_class.any() or is_class.all():
        missing = (
            "image"
            if not len(own)
            else f"image of {run.classes[index]}"
            if not is_class.any()
            else "other image"
        )
        where = f"fold {run.fold}, seed {run.seed}"
        return found | {"reason": f"no {missing} in the validation part ({where}) to choose a threshold on"}
    scores = softmax(own.logits)[:, index]
    thresholds = choose_thresholds(is_class, scores)
    taken = scores[:, None] >= thresholds
    return found | {
        "thresholds": thresholds,
        "sensitivity": taken[is_class].mean(axis=0),
        "specificity": 1 - taken[~is_class].mean(axis=0),
    }


def _points(files, arm: Arm, index: int, runs: list[dict], on_curve: list[dict], **drawn) -> list[dict]:
    """One record for each of `WANTED`."""
    points = [
        {"of": of, "at": at, "read": OTHER[of], "on_test_curve": found}
        for (of, at), found in zip(WANTED, on_curve, strict=True)
    ]
    if any(run["reason"] for run in runs):
        return [point | dict.fromkeys(("threshold", "thresholds", "validation", "test")) for point in points]
    sides = ("sensitivity", "specificity")
    on_test = _on_test(files, arm, index, runs, **drawn)
    return [
        point
        | {
            "threshold": float(np.mean([run["thresholds"][place] for run in runs])),
            "thresholds": [float(run["thresholds"][place]) for run in runs],
            "validation": {side: float(np.mean([run[side][place] for run in runs])) for side in sides},
            "test": {side: on_test[side][place] for side in sides},
        }
        for place, point in enumerate(points)
    ]


def _on_test(files, arm: Arm, index: int, runs: list[dict], **drawn) -> dict[str, list[dict]]:
    """Sensitivity and specificity of each threshold on the test part, means over the runs."""
    taken = [
        (path, replace(run, logits=(softmax(run.logits)[:, index, None] >= own["thresholds"]).astype(float)))
        for (path, run), own in zip(files, runs, strict=True)
    ]
    share = np.mean([model for models in tested(taken).logits for model in models], axis=0)
    is_class = np.repeat((arm.labels == index)[:, None], share.shape[1], axis=1).astype(float)
    hits = np.concatenate([share * is_class, (1 - share) * (1 - is_class)], axis=1)
    of = np.concatenate([is_class, 1 - is_class], axis=1)
    found = share_estimates(hits, of, arm, **drawn)
    return {"sensitivity": found[: len(WANTED)], "specificity": found[len(WANTED) :]}
