"""Made-up records of calibration, operating points and subgroups, with gaps, for the example of a report."""

import numpy as np

from skinkd.detection import OTHER, WANTED, class_to_find

NO_VALIDATION = "no validation image (fold 2, seed 0), so no temperature was fitted"
NO_THRESHOLD = "no image in the validation part (fold 2, seed 0) to choose a threshold on"
FEW = "fewer than 30 images"
GROUPS = {
    "sex": {"female": 120, "male": 118, "unknown": 15},
    "age": {"below 30": 31, "30 to 49": 80, "50 to 69": 92, "70 or more": 45, "unknown": 5},
    "site": {"anterior torso": 150, "lower extremity": 90, "a_b & <b>": 13},
    "source": {"BCN20000": 100, "HAM10000": 153},
}


def details_example(quality, classes, *, validated, seed):
    """The three records of an arm whose balanced accuracy is about `quality`."""
    generator = np.random.default_rng(seed)
    return {
        "calibration": _calibration(generator, quality, validated),
        "operating_points": _operating_points(generator, quality, classes, validated),
        "subgroups": _subgroups(generator, quality, classes),
    }


def _estimate(generator, centre, spread=0.05):
    value = float(np.clip(centre + generator.normal(0, spread / 2), 0.01, 0.99))
    return {"value": value, "low": max(value - spread, 0.0), "high": min(value + spread, 1.0)}


def _calibration(generator, quality, validated):
    runs = [
        {
            "fold": 2,
            "seed": seed,
            "validation_images": 90 if validated else 0,
            "temperature": float(generator.uniform(1.2, 2)) if validated else None,
        }
        for seed in range(3)
    ]
    found = (
        {"temperature": sum(run["temperature"] for run in runs) / 3} if validated else {"temperature": None}
    )
    sure = (0.25, 0.05) if validated else (0.25,)
    before, *after = (_side(generator, quality, by) for by in sure)
    losses = ("negative_log_likelihood", "brier")
    change = {name: {"value": -0.05, "low": -0.08, "high": -0.02} for name in losses}
    return {
        **{"bins": 15, "runs": runs, **found, "reason": "" if validated else NO_VALIDATION},
        **{"before": before, "after": after[0] if after else None},
        "differences": change if validated else None,
    }


def _side(generator, quality, too_sure):
    promised = np.linspace(0.3, 0.98, 15)
    right = np.clip(promised - too_sure + generator.normal(0, 0.05, 15), 0.02, 0.99)
    return {
        "negative_log_likelihood": _estimate(generator, 0.9 - quality / 2 + too_sure),
        "brier": _estimate(generator, 0.7 - quality / 2 + too_sure / 2),
        "expected_calibration_error": {
            **{"value": too_sure + 0.02, "low_if_calibrated": 0.02, "high_if_calibrated": 0.06},
        },
        "classwise_calibration_error": {"value": too_sure / 3 + 0.02},
        "reliability": [
            {"answers": 51, "confidence": p, "right": r, "low": max(r - 0.1, 0), "high": min(r + 0.1, 1)}
            for p, r in zip(promised.tolist(), right.tolist(), strict=True)
        ],
    }


def _operating_points(generator, quality, classes, validated):
    points = [_point(generator, quality, of, at, validated) for of, at in WANTED]
    return {
        **{"class": class_to_find(classes), "reason": "", "auc_sens_80": _estimate(generator, quality)},
        "validation": {
            **{"images": [90] * 3, "of_class": [25] * 3, "reason": ""},
            **({} if validated else {"images": [0] * 3, "of_class": [0] * 3, "reason": NO_THRESHOLD}),
        },
        "points": points,
    }


def _point(generator, quality, of, at, validated):
    kept, lost = at, float(np.clip(quality + 0.9 - at, 0.05, 0.95))
    found = {"of": of, "at": at, "read": OTHER[of], "on_test_curve": _estimate(generator, lost)}
    if not validated:
        return found | dict.fromkeys(("threshold", "thresholds", "validation", "test"))
    thresholds = generator.uniform(0.1, 0.6, 3).tolist()
    return found | {
        **{"threshold": sum(thresholds) / 3, "thresholds": thresholds},
        "validation": {of: kept + 0.01, OTHER[of]: lost},
        "test": {of: _estimate(generator, kept - 0.02), OTHER[of]: _estimate(generator, lost)},
    }


def _subgroups(generator, quality, classes):
    return {
        **{"class": class_to_find(classes), "fewest_images": 30, "fewest_of_class": 10, "reason": ""},
        "groups": [
            _group(generator, quality, classes, by, name, images)
            for by, named in GROUPS.items()
            for name, images in named.items()
        ],
    }


def _group(generator, quality, classes, by, name, images):
    names = ("accuracy", "balanced_accuracy", "recall")
    found = {metric: _estimate(generator, quality, 0.1) | {"reason": ""} for metric in names}
    present = list(classes)
    if images < 100:
        present = present[:-1]
        found["balanced_accuracy"] = _hidden(f"no image of {classes[-1]}, of {len(classes)} classes")
    if images < 30:
        found = {metric: _hidden(FEW) for metric in names}
    return {
        **{"by": by, "group": name, "images": images, "lesions": images - images // 4},
        **{"classes": present, "of_class": images // 5, **found},
    }


def _hidden(reason):
    return dict.fromkeys(("value", "low", "high")) | {"reason": reason}
