"""What the shipped student is worth on the test part, in 32 bits and in eight, and for whom."""

from dataclasses import replace

import numpy as np
import pandas as pd

from skinkd.arm_numbers import n_lesions, numbers_of, resampled_numbers, support_of
from skinkd.details.subgroups import groups_of_images, subgroups_of
from skinkd.metric_records import difference_records, metric_records
from skinkd.predictions import Predictions
from skinkd.tested_arms import tested

KEPT = ("metric", "class", "value", "low", "high", "note")


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
    in_eight, in_32 = draws.of(numbers_of(0)), draws.of(numbers_of(1))
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


def subgroups(test: Predictions, table: pd.DataFrame, source: str, statistics: dict) -> dict:
    """What the student makes of each group of images, as `skinkd.details.subgroups` has it.

    Args:
        table: the archive's images with age in years, sex, site and origin, as text; empty where unknown.
        source: the archive's name.
    """
    return subgroups_of(
        tested([("float32", test)]), groups_of_images(table.to_dict("records"), source), **statistics
    )
