"""The splits of the study, one file each; configurations name them by file.

A split takes the table of images as ingest writes it, whole and in its order, and gives a
table of the images that it uses:

    image, row (of the packed array), group, lesion, label (class of the task), part (train,
    validation or test)

`group` names all images of one lesion or with the same bytes, see `skinkd.groups`; `lesion` is
another name for it: the smallest lesion id in the group, the image id where there is none. What a
split keeps together is what an interval draws together.

A fold may move images between training and validation. Test images are the same in every fold.
"""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

import numpy as np
import pandas as pd

from skinkd.errors import InputError, examples
from skinkd.groups import groups_of, lesions_of, shuffled, take_groups
from skinkd.signatures import did_you_mean, names_in

PARTS = ("train", "validation", "test")
# numpy pads seeds with zeros: without it, fold 0 would shuffle with the numbers that drew the test images.
AFTER_TEST = 1


class SplitRule(NamedTuple):
    """How a paper divides its images, and the classes of its task in their order."""

    split: Callable[..., pd.DataFrame]
    classes: tuple[str, ...]


def load_split(name: str) -> SplitRule:
    """The split called `name`.

    Raises:
        InputError: there is no such file.
    """
    if name not in names_in("splits"):
        what = f"unknown split '{name}'; {did_you_mean(name, names_in('splits'))}"
        raise InputError("split", what, "It names a file in splits/", "correct the name in the config")
    module = import_module(f"skinkd.splits.{name}")
    return SplitRule(getattr(module, name), module.CLASSES)


def assemble(table: pd.DataFrame, parts, *, labels=None, groups=None) -> pd.DataFrame:
    """The split's table from one part per image; images with part '' are left out.

    Args:
        table: all images, as ingest writes them.
        parts: (images,), train, validation, test or ''.
        labels: (images,), classes of the task; the archive's if not given.
        groups: (images,), where they are known already.
    """
    groups = groups_of(table) if groups is None else groups
    split = pd.DataFrame(
        {
            "image": table["image"].to_numpy(),
            "row": np.arange(len(table)),
            "group": groups,
            "lesion": lesions_of(table, groups),
            "label": table["label"].to_numpy() if labels is None else labels,
            "part": parts,
        }
    )
    return split[split["part"] != ""].reset_index(drop=True)


def deal_groups(sizes: pd.DataFrame, *, n_test, n_validation, seed: int, fold: int) -> dict[str, str]:
    """The part of each group: whole groups fill test, then validation; the rest trains.

    A part falls short by less than the smallest group left over, by nothing while lesions with
    one image remain.

    Args:
        sizes: images of each class, one row per group.
        n_test, n_validation: images of each class.
        seed: of both draws.
        fold: another one draws other images to validate, not to test.
    """
    test = take_groups(shuffled(sizes, seed), n_test)
    rest = shuffled(sizes.drop(index=test), [seed, fold, AFTER_TEST])
    validation = take_groups(rest, n_validation)
    return (
        dict.fromkeys(rest.index, "train")
        | dict.fromkeys(validation, "validation")
        | dict.fromkeys(test, "test")
    )


def check_fold(fold: int, folds: int) -> None:
    """Folds are counted from 1, as SSD-KD's authors do.

    Raises:
        InputError: no such fold, or fewer than two.
    """
    if folds < 2 or not 1 <= fold <= folds:
        what = f"fold {fold} of {folds}"
        raise InputError(
            "split", what, f"Folds count from 1 to {folds}, at least 2", "correct folds in the config"
        )


def check_share(name: str, share: float) -> None:
    """A share must leave something on both sides.

    Raises:
        InputError: it is 0 or less, or 1 or more.
    """
    if not 0 < share < 1:
        why = "It must lie between 0 and 1 to leave images on both sides"
        raise InputError("split", f"{name} is {share}", why, f"correct {name} in the config")


def check_enough_of_each(labels, members, folds: int, kind: str) -> None:
    """Each class must have a member for each fold.

    Args:
        members: (images,), what is dealt out to folds: image ids or groups.
        kind: what a member is, for the message.

    Raises:
        InputError: classes with too few.
    """
    counts = pd.Series(members).groupby(pd.Series(labels)).nunique()
    few = [f"class {label} has {n} {kind}" for label, n in counts.items() if n < folds]
    if few:
        fix = "ask for fewer folds or a larger test share, or take a larger archive"
        raise InputError("split", examples(few), f"{folds} folds need {folds} of each class", fix, few)


def check_classes(split: pd.DataFrame, classes) -> None:
    """Each class must be in each part, and no other.

    Raises:
        InputError: classes that a part lacks, or that the task does not know.
    """
    spare = sorted(set(split["label"]) - set(classes))
    if spare:
        what = f"the images have the classes {examples(spare)}, the split knows {', '.join(classes)}"
        raise InputError("split", what, "They would be nobody's", "choose a split of the source's classes")
    found = set(zip(split["part"], split["label"], strict=True))
    absent = [f"{part} has no {label}" for part in PARTS for label in classes if (part, label) not in found]
    if absent:
        why = "A metric over classes would silently leave them out"
        raise InputError("split", examples(absent), why, "take a larger archive or larger shares", absent)


def check_protocol(summary: dict) -> None:
    """A protocol that promises no leak must have none.

    Raises:
        InputError: `leak_free` with test images whose lesion is also trained on.
    """
    n = summary["leakage"]["test_images_sharing_a_lesion"]
    if summary["protocol"] == "leak_free" and n:
        what = f"protocol leak_free of {summary['paper']}: {n:,} test images share a lesion with training"
        raise InputError("split", what, "Its results would be too good", "choose a split by lesion for it")


def summary_of(split: pd.DataFrame, *, paper: str, protocol: str, fold: int, classes) -> dict:
    """Who is in which part, and how many test images have a sibling in training or validation."""
    return {
        "paper": paper,
        "protocol": protocol,
        "fold": fold,
        "classes": list(classes),
        "counts": {
            part: {
                label: _sizes(split[(split["part"] == part) & (split["label"] == label)]) for label in classes
            }
            for part in PARTS
        },
        "leakage": _leakage_of(split, classes),
    }


def _sizes(images: pd.DataFrame) -> dict[str, int]:
    return {"images": len(images), "groups": images["group"].nunique()}


def _leakage_of(split: pd.DataFrame, classes) -> dict:
    """Test images whose group, hence lesion, is also seen before the test."""
    test = split[split["part"] == "test"]
    shares = test["group"].isin(split.loc[split["part"] != "test", "group"])
    by_class = {}
    for label in classes:
        of_class = shares[test["label"] == label]
        by_class[label] = {
            "test_images": len(of_class),
            "sharing": int(of_class.sum()),
            "share": float(of_class.mean()),
        }
    return {
        "test_images": len(test),
        "test_images_sharing_a_lesion": int(shares.sum()),
        "share": float(shares.mean()),
        "by_class": by_class,
    }
