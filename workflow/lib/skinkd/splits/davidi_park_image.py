"""Davidi and Park's split of ISIC 2019 by image, as the package split-folders makes it."""

from random import Random

import numpy as np
import pandas as pd

from skinkd.domains import Seed, Share
from skinkd.errors import InputError
from skinkd.isic import CLASSES
from skinkd.splits import assemble, check_classes, check_share

__all__ = ["CLASSES", "davidi_park_image"]


def davidi_park_image(
    table: pd.DataFrame,
    *,
    fold: int,
    train_share: Share = 0.7,
    validation_share: Share = 0.2,
    seed: Seed = 1337,
) -> pd.DataFrame:
    """Shuffle the file names of each class, cut them at 70 % and at 90 %.

    Images of one lesion fall on both sides. With the official tables and the defaults this gives the
    17,728, 5,062 and 2,541 images of the paper.

    Source: Davidi and Park, section 3 (a ratio of 70:20:10); `splitfolders.ratio` of split-folders 0.6.1.

    Args:
        table: images as ingest writes them; their order does not matter.
        fold: 0 is the package's own; another one deals the same development images into other
            training and validation images.
        train_share, validation_share: of each class, rounded down; the rest is tested on.
        seed: of the shuffles, the package's default.

    Raises:
        InputError: shares that leave nothing, a class absent from a part.
    """
    # ASSUME: The paper names no tool; its three counts are those of split-folders, whose default seed
    # is taken. The paper's cross-validation over five folds only chose its set-up, and is not repeated.
    check_cuts(train_share, validation_share)
    parts = np.full(len(table), "test", dtype=object)
    for rows in _files_by_class(table):
        Random(seed).shuffle(rows)
        n_train, n_validation = cuts_of(len(rows), train_share, validation_share)
        development = rows[: n_train + n_validation]
        if fold:
            Random(seed + fold).shuffle(development)
        parts[development[:n_train]] = "train"
        parts[development[n_train:]] = "validation"
    split = assemble(table, parts)
    check_classes(split, CLASSES)
    return split


def cuts_of(n: int, train_share: float, validation_share: float) -> tuple[int, int]:
    """Training and validation images among `n` of a class, both rounded down."""
    return int(train_share * n), int(validation_share * n)


def check_cuts(train_share: float, validation_share: float) -> None:
    """Both shares must leave something, also together.

    Raises:
        InputError: one of them, or their sum, is 0 or less, or 1 or more.
    """
    check_share("train_share", train_share)
    check_share("validation_share", validation_share)
    if train_share + validation_share >= 1:
        what = f"train_share {train_share} and validation_share {validation_share} leave no test images"
        raise InputError("split", what, "Nothing could be scored", "correct them in the config")


def _files_by_class(table: pd.DataFrame) -> list[list[int]]:
    """Rows of each class in the order of their file names."""
    # With the suffix: a folder lists `ISIC_1.jpg` before `ISIC_1_downsampled.jpg` whatever is longer.
    names = [f"{image}.jpg" for image in table["image"]]
    labels = table["label"].to_numpy()
    return [
        sorted(np.flatnonzero(labels == label).tolist(), key=names.__getitem__) for label in np.unique(labels)
    ]
