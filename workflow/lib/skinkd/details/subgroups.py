"""An arm's test images by sex, age, site and source: how many there are, and what it makes of them."""

import csv
from collections.abc import Iterable

import numpy as np

from skinkd.atomic import digest_of
from skinkd.detection import class_to_find
from skinkd.intact import check_digest, read_sealed
from skinkd.intervals import clusters
from skinkd.resampled_shares import estimates, share_estimates, shares
from skinkd.tested_arms import Arm

FEWEST_IMAGES = 30  # of a group that is shown
FEWEST_OF_CLASS = 10  # for a recall
UNKNOWN = "unknown"
AGES = {"below 30": 30, "30 to 49": 50, "50 to 69": 70, "70 or more": 200}
SOURCES = {"HAM": "HAM10000", "BCN": "BCN20000", "MSK": "MSK"}
KINDS = ("sex", "age", "site", "source")


def read_about(path_to_table, paths_to_summaries, source: str) -> dict[str, dict[str, str]]:
    """What is known of each image of an archive: sex, age band, site and source, by image id.

    Args:
        path_to_table: an archive's images, as ingest writes them.
        paths_to_summaries: of splits, which know the digest of that table.
        source: the archive's name, the source of images of which it does not say more.

    Raises:
        InputError: where the table is not the one that was split.
    """
    for path in paths_to_summaries:
        written = read_sealed(path, "split")["table_sha256"]
        check_digest("archive", path_to_table, digest_of(path_to_table), written, path)
    with open(path_to_table, encoding="utf-8", newline="") as file:
        return groups_of_images(csv.DictReader(file), source)


def groups_of_images(rows: Iterable[dict[str, str]], source: str) -> dict[str, dict[str, str]]:
    """The group of each image under each of `KINDS`, by image id; `unknown` where it is not told.

    Args:
        rows: `image`, and as far as they are known `sex`, `age` in years, `site` and `origin`, text.
        source: the archive's name, for images whose origin is not known.
    """
    return {
        row["image"]: {
            "sex": row.get("sex") or UNKNOWN,
            "age": age_band(row.get("age", "")),
            "site": row.get("site") or UNKNOWN,
            "source": SOURCES.get(row.get("origin", ""), source),
        }
        for row in rows
    }


def age_band(age: str) -> str:
    """The band of an age in years, such as `50 to 69`, or `unknown`."""
    try:
        years = float(age)
    except ValueError:
        return UNKNOWN
    return next((band for band, end in AGES.items() if 0 <= years < end), UNKNOWN)


def subgroups_of(arm: Arm, about: dict[str, dict[str, str]] | None, **drawn) -> dict:
    """Accuracy, balanced accuracy and recall of melanoma or malignant lesions, of each group.

    A group of fewer than 30 images is counted, not scored. Balanced accuracy is over all classes of the task
    or over none: over fewer it would be another number.

    Args:
        about: from `groups_of_images`; None where nothing is known of the images.
        drawn: `resamples`, `seed` and `confidence`.
    """
    name = class_to_find(arm.classes)
    record = {
        "class": name,
        "fewest_images": FEWEST_IMAGES,
        "fewest_of_class": FEWEST_OF_CLASS,
        "reason": "" if about is not None else "nothing is known of the images",
        "groups": [],
    }
    if about is None:
        return record
    masks = _masks([about.get(image, dict.fromkeys(KINDS, UNKNOWN)) for image in arm.images])
    numbers = _numbers(arm, list(masks.values()), **drawn)
    groups = [
        _group(arm, place, mask, name, own) for (place, mask), own in zip(masks.items(), numbers, strict=True)
    ]
    return record | {"groups": groups}


def _masks(about: list[dict[str, str]]) -> dict[tuple[str, str], np.ndarray]:
    """Which images are in each group, (n,) bool, by kind and name; ages in their order, unknown ones last."""
    order = {group: place for place, group in enumerate(AGES)}
    own = {kind: np.array([groups[kind] for groups in about]) for kind in KINDS}
    return {
        (kind, group): own[kind] == group
        for kind in KINDS
        for group in sorted(set(own[kind].tolist()), key=lambda g: (g == UNKNOWN, order.get(g, 0), g))
    }


def _numbers(arm: Arm, masks: list[np.ndarray], **drawn) -> list[dict]:
    """Accuracy, balanced accuracy and the classes' recalls of each group, with intervals."""
    models = [model for models in arm.logits for model in models]
    right = np.mean([model.argmax(axis=1) == arm.labels for model in models], axis=0)
    of_class = np.eye(len(arm.classes))[arm.labels]
    # One column for all images of a group, one for those of each class.
    columns = np.concatenate(
        [mask[:, None] * np.column_stack([np.ones(len(mask)), of_class]) for mask in masks], axis=1
    )

    def balanced(weights):
        found = shares(columns * right[:, None], columns, weights).reshape(len(weights), len(masks), -1)
        return found[:, :, 1:].mean(axis=2)

    names = ["accuracy", *arm.classes]
    found = share_estimates(columns * right[:, None], columns, arm, **drawn)
    return [
        dict(zip(names, found[place * len(names) :], strict=False)) | {"balanced_accuracy": own}
        for place, own in enumerate(estimates(balanced, arm, **drawn))
    ]


def _group(arm: Arm, place: tuple[str, str], mask: np.ndarray, name: str | None, numbers: dict) -> dict:
    """One group; a number that cannot be shown has the reason in its place."""
    counts = np.bincount(arm.labels[mask], minlength=len(arm.classes))
    absent = [own for own, count in zip(arm.classes, counts, strict=True) if not count]
    n_of_class = int(counts[arm.classes.index(name)]) if name else 0
    reasons = {
        "accuracy": "",
        "balanced_accuracy": f"no image of {', '.join(absent)}, of {len(arm.classes)} classes"
        if absent
        else "",
        "recall": _why_no_recall(name, n_of_class),
    }
    few = f"fewer than {FEWEST_IMAGES} images" if mask.sum() < FEWEST_IMAGES else ""
    known = numbers | {"recall": numbers[name] if name else None}
    return {
        **dict(zip(("by", "group"), place, strict=True)),
        "images": int(mask.sum()),
        "lesions": len(clusters(arm.lesions[mask], arm.labels[mask])[1]),
        "classes": [own for own in arm.classes if own not in absent],
        "of_class": n_of_class,
        **{
            metric: _hidden(few or reason) if few or reason else known[metric] | {"reason": ""}
            for metric, reason in reasons.items()
        },
    }


def _why_no_recall(name: str | None, n_of_class: int) -> str:
    if name is None:
        return "the task has no class of melanoma or malignant lesions"
    return (
        f"fewer than {FEWEST_OF_CLASS} images of {name} ({n_of_class})"
        if n_of_class < FEWEST_OF_CLASS
        else ""
    )


def _hidden(reason: str) -> dict:
    return dict.fromkeys(("value", "low", "high")) | {"reason": reason}
