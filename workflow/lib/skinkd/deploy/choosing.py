"""The best student by validation."""

import numpy as np

from skinkd.metrics.decisions import by_decision
from skinkd.predictions import Predictions


def validation_balanced_accuracy(run: Predictions) -> float:
    """The mean recall over the classes that the validation part has.

    A rare class may have no image there; all candidates of a fold see the same images.
    """
    part = run.part("validation")
    once = np.ones((1, len(part)), dtype=np.int32)
    _, by_class = by_decision(part.labels, part.logits.argmax(axis=1), once, len(part.classes))
    return float(np.nanmean(by_class["recall"]))


def choose(runs: list[Predictions]) -> dict:
    """The candidates with their values, best first, and the run that is shipped.

    Args:
        runs: of all candidates, those of one arm in any order; of equal arms or runs the first wins.
    """
    values: dict[str, list[dict]] = {}
    for run in runs:
        value = {"fold": run.fold, "seed": run.seed, "balanced_accuracy": validation_balanced_accuracy(run)}
        values.setdefault(run.arm, []).append(value)
    ranked = sorted((_candidate(arm, each) for arm, each in values.items()), key=_value, reverse=True)
    best = max(ranked[0]["runs"], key=_value)
    first = runs[0]
    return {
        "chosen": {"paper": first.paper, "protocol": first.protocol, "arm": ranked[0]["arm"], **best},
        "candidates": ranked,
    }


def _candidate(arm: str, runs: list[dict]) -> dict:
    return {"arm": arm, "balanced_accuracy": float(np.mean([_value(run) for run in runs])), "runs": runs}


def _value(record: dict) -> float:
    return record["balanced_accuracy"]
