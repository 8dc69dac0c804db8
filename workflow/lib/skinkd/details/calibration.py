"""An arm's probabilities on its test part, as they are and divided by the temperature of each run."""

from dataclasses import replace

import numpy as np

from skinkd.calibration import (
    BINS,
    bins_of,
    brier_losses,
    classwise_calibration_error,
    expected_calibration_error,
    fit_temperature,
    gaps,
    log_losses,
    outcomes_if_calibrated,
)
from skinkd.intervals import clusters
from skinkd.metrics import softmax
from skinkd.predictions import Predictions
from skinkd.resampled_shares import estimates, share_estimates, shares
from skinkd.tested_arms import Arm, tested

LOSSES = {"negative_log_likelihood": log_losses, "brier": brier_losses}
ERRORS = {
    "expected_calibration_error": expected_calibration_error,
    "classwise_calibration_error": classwise_calibration_error,
}
DRAWS_IF_CALIBRATED = 200


def calibration_of(files, **drawn) -> dict:
    """Losses and calibration errors before and after one temperature for each run, fitted on validation.

    Losses have intervals over lesions. Calibration errors have none: a resample adds chance to a number that
    chance has made larger already, so that its percentiles lie above the number. Beside the error stands what
    it would be for probabilities that hold.

    Args:
        files: from `read_runs`.
        drawn: `resamples`, `seed` and `confidence`.
    """
    runs = [_fitted(run) for _, run in files]
    reason = "; ".join(dict.fromkeys(run.pop("reason") for run in runs if run["reason"]))
    before, after = tested(files), None
    if not reason:
        cooled = [
            (path, _cooled(run, fit["temperature"])) for (path, run), fit in zip(files, runs, strict=True)
        ]
        after = tested(cooled)
    return {
        "bins": BINS,
        "runs": [
            {key: run[key] for key in ("fold", "seed", "validation_images", "temperature")} for run in runs
        ],
        "temperature": None if reason else float(np.mean([run["temperature"] for run in runs])),
        "reason": reason,
        "before": described(before, **drawn),
        "after": described(after, **drawn) if after else None,
        "differences": _differences(before, after, **drawn) if after else None,
    }


def _fitted(run: Predictions) -> dict:
    """A run's temperature, or why it has none."""
    own = run.part("validation")
    found = {"fold": run.fold, "seed": run.seed, "validation_images": len(own), "reason": ""}
    if not len(own):
        why = f"no validation image (fold {run.fold}, seed {run.seed}), so no temperature was fitted"
        return found | {"temperature": None, "reason": why}
    return found | {"temperature": fit_temperature(own.logits, own.labels)}


def _cooled(run: Predictions, temperature: float) -> Predictions:
    return replace(run, logits=run.logits / temperature)


def described(arm: Arm, **drawn) -> dict:
    """Losses with intervals, calibration errors, and the bins of a reliability diagram."""
    models = [model for models in arm.logits for model in models]
    found = dict(zip(LOSSES, estimates(_mean_of(_losses(arm)), arm, **drawn), strict=True))
    for name, error in ERRORS.items():
        found[name] = {"value": float(np.mean([error(softmax(model), arm.labels) for model in models]))}
    low, high = _if_calibrated(arm, models, drawn["seed"], drawn["confidence"])
    found["expected_calibration_error"] |= {"low_if_calibrated": low, "high_if_calibrated": high}
    return {**found, "reliability": reliability(arm, **drawn)}


def _losses(arm: Arm) -> np.ndarray:
    """The losses of each image, means over the runs, (n, losses)."""
    models = [model for models in arm.logits for model in models]
    return np.stack(
        [np.mean([loss(model, arm.labels) for model in models], axis=0) for loss in LOSSES.values()], axis=1
    )


def _mean_of(by_image: np.ndarray):
    """The statistic that is the mean of each column."""
    return lambda weights: shares(by_image, np.ones_like(by_image), weights)


def _differences(before: Arm, after: Arm, **drawn) -> dict:
    """After minus before, both seen under the same resamples."""
    change = _losses(after) - _losses(before)
    return dict(zip(LOSSES, estimates(_mean_of(change), before, **drawn), strict=True))


def _if_calibrated(arm: Arm, models, seed: int, confidence: float) -> tuple[float, float]:
    """Between which ends the calibration error of probabilities that hold would lie, mean over the runs."""
    lesion_of_image, _ = clusters(arm.lesions, arm.labels)
    found = []
    for model in models:
        promised = softmax(model).max(axis=1)
        found.append(
            gaps(promised, outcomes_if_calibrated(promised, lesion_of_image, DRAWS_IF_CALIBRATED, seed))
        )
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.mean(found, axis=0), [tail, 1 - tail])
    return float(low), float(high)


def reliability(arm: Arm, **drawn) -> list[dict]:
    """The bins of a reliability diagram: mean highest probability, and the share that is right with interval.

    The answers of all runs are pooled; each bin has as many of them. Bins stay under the resamples.
    """
    models = [model for models in arm.logits for model in models]
    promised = np.stack([softmax(model).max(axis=1) for model in models], axis=1)
    is_right = np.stack([model.argmax(axis=1) == arm.labels for model in models], axis=1)
    answers = np.eye(BINS)[bins_of(promised.ravel())].reshape(*promised.shape, BINS)
    in_bin = answers.sum(axis=1)
    used = in_bin.sum(axis=0) > 0
    right = (answers * is_right[:, :, None]).sum(axis=1)[:, used]
    confidence = (answers * promised[:, :, None]).sum(axis=(0, 1))[used] / in_bin.sum(axis=0)[used]
    found = share_estimates(right, in_bin[:, used], arm, **drawn)
    return [
        {
            "answers": int(n),
            "confidence": float(mean),
            "right": own["value"],
            "low": own["low"],
            "high": own["high"],
        }
        for n, mean, own in zip(in_bin.sum(axis=0)[used], confidence, found, strict=True)
    ]
