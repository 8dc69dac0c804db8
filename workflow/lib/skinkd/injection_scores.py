"""What a leak adds: an arm that learned from siblings of its test images, minus the same arm without them."""

from dataclasses import replace

import numpy as np
import pandas as pd

from skinkd.arm_numbers import by_seed, entries, n_lesions, resampled_numbers
from skinkd.leak_injection import images_with_sibling, injected_images
from skinkd.metric_records import difference_records
from skinkd.tested_arms import Arm, check_same_images, read_runs, tested

SHOWN = ("balanced_accuracy", "accuracy", "auc")


def injection_of(paths_injected, paths_clean, split: pd.DataFrame, *, confidence: float, **drawn) -> dict:
    """The paired differences of one arm: on its test images, and on those that have a sibling in training.

    Args:
        paths_injected, paths_clean: prediction files of the same folds and seeds.
        split: of the injected side, in any fold: test images and siblings are the same in all.
        confidence: share of the resamples inside an interval.
        drawn: `resamples` and `seed`.

    Raises:
        InputError: where the files do not fit together.
    """
    injected, clean = tested(read_runs(paths_injected)), tested(read_runs(paths_clean))
    # Siblings that left the test part were tested on the clean side alone.
    clean = replace(_among(clean, injected.images), protocol=injected.protocol)
    check_same_images(paths_injected[0], paths_clean[0], injected, clean)
    reach = {"all": injected.images, "with_sibling": images_with_sibling(split)}
    sides = {name: [_among(side, images) for side in (injected, clean)] for name, images in reach.items()}
    return {
        "arm": injected.arm,
        "confidence": confidence,
        "n_seeds": len(injected.logits),
        "images_injected": len(injected_images(split)),
        "reaches": [
            {"reach": name, **_compared(*pair, confidence, **drawn)}
            for name, pair in sides.items()
            if len(pair[0].images)
        ],
    }


def _among(arm: Arm, images) -> Arm:
    """An arm on some of its images."""
    chosen = np.isin(arm.images.astype(str), np.asarray(images, dtype=str))
    per_image = {column: getattr(arm, column)[chosen] for column in ("images", "lesions", "labels")}
    return replace(arm, **per_image, logits=tuple(models[:, chosen] for models in arm.logits))


def _compared(injected: Arm, clean: Arm, confidence: float, **drawn) -> dict:
    """Injected minus clean, with the interval over lesions, and both values."""
    draws = resampled_numbers([injected, clean], **drawn)
    places = [place for place, (name, own) in enumerate(entries(clean.classes)) if name in SHOWN and not own]
    values = [by_seed(side)[:, 0].mean(axis=0) for side in (injected, clean)]
    differences = difference_records(injected, clean, draws, confidence)
    return {
        "n_images": len(clean.images),
        "n_lesions": n_lesions(clean.lesions, clean.labels),
        "metrics": [
            {
                "metric": differences[place]["metric"],
                **{
                    side: None if np.isnan(value[place]) else float(value[place])
                    for side, value in zip(("injected", "clean"), values, strict=True)
                },
                **{key: differences[place][key] for key in ("value", "low", "high")},
            }
            for place in places
        ],
    }
