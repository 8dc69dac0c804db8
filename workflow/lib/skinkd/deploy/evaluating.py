"""What the shipped student is worth on the test part, in 32 bits and in eight, and for whom."""

from dataclasses import replace

import numpy as np
import pandas as pd

from skinkd.intervals import percentile_interval, resampled
from skinkd.predictions import Predictions
from skinkd.scores import difference_records, metric_records, n_lesions, resampled_numbers, support_of
from skinkd.tested_arms import tested

FEWEST_IMAGES = 30  # of a subgroup that is shown
KEPT = ("metric", "class", "value", "low", "high", "note")
AGES = ((0, 30), (30, 50), (50, 70), (70, 200))


def evaluate_both(whole: Predictions, quantised: Predictions, statistics: dict) -> dict:
    """Every metric of the student with its interval, and what eight bits change, both under equal resamples.

    Args:
        whole, quantised: what both files say of the same test images.
        statistics: `resamples`, `confidence` and `seed`.
    """
    sides = [
        tested([(name, run)])
        for name, run in (("float32", whole), ("int8", replace(quantised, arm=f"{whole.arm} in int8")))
    ]
    draws = resampled_numbers(sides[::-1], resamples=statistics["resamples"], seed=statistics["seed"])
    in_eight, in_32 = draws[:, 0], draws[:, 1]
    confidence = statistics["confidence"]
    return {
        **statistics,
        "images": len(sides[0].images),
        "lesions": n_lesions(sides[0].lesions, sides[0].labels),
        "support": support_of(sides[0]),
        "metrics": _kept(metric_records(sides[0], in_32, confidence)),
        "int8": {
            "metrics": _kept(metric_records(sides[1], in_eight, confidence)),
            "differences": difference_records(sides[1], sides[0], draws, confidence),
            "same_class": float(np.mean(whole.logits.argmax(axis=1) == quantised.logits.argmax(axis=1))),
            "largest_logit_difference": float(np.abs(whole.logits - quantised.logits).max()),
        },
    }


def _kept(records: list[dict]) -> list[dict]:
    return [{key: record[key] for key in KEPT} for record in records]


def subgroups(test: Predictions, table: pd.DataFrame, statistics: dict) -> list[dict]:
    """Accuracy of each group of patients and sites that has 30 images or more, with its interval.

    Args:
        table: the archive's images with age in years, sex and site, as text; empty where unknown.
    """
    about = table.set_index("image").reindex(test.images)
    groups = {
        "sex": about.get("sex"),
        "age": None if "age" not in about else about["age"].map(age_band),
        "site": about.get("site"),
    }
    return [
        _subgroup(test, kind, name, (values == name).to_numpy(), statistics)
        for kind, values in groups.items()
        if values is not None
        for name in sorted(set(values.dropna()))
    ]


def age_band(age: str) -> str:
    """The band of an age in years, such as `50 to 69`; empty where it is not known."""
    try:
        years = float(age)
    except ValueError:
        return ""
    bands = [f"{low} to {high - 1}" if high < 200 else f"{low} or more" for low, high in AGES]
    return next((band for band, (low, high) in zip(bands, AGES, strict=True) if low <= years < high), "")


def _subgroup(test: Predictions, kind: str, name: str, chosen: np.ndarray, statistics: dict) -> dict:
    """One group; `value` is None where it is too small to show."""
    own = test.rows(np.flatnonzero(chosen))
    record = {
        "by": kind,
        "group": name or "not known",
        "images": len(own),
        "lesions": n_lesions(own.lesions, own.labels),
        "classes": len(set(own.labels.tolist())),
        **dict.fromkeys(("accuracy", "low", "high")),
    }
    return record | (_accuracy(own, statistics) if len(own) >= FEWEST_IMAGES else {})


def _accuracy(own: Predictions, statistics: dict) -> dict:
    right = (own.logits.argmax(axis=1) == own.labels).astype(float)
    draws = resampled(
        lambda weights: weights @ right / weights.sum(axis=1),
        own.lesions,
        own.labels,
        resamples=statistics["resamples"],
        generator=np.random.default_rng(statistics["seed"]),
    )
    low, high = percentile_interval(draws, statistics["confidence"])
    return {"accuracy": float(right.mean()), "low": float(low), "high": float(high)}
