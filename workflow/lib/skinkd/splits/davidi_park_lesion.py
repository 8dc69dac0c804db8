"""Davidi and Park's split with every lesion on one side."""

import numpy as np
import pandas as pd

from skinkd.domains import Seed, Share
from skinkd.groups import groups_of, sizes_of
from skinkd.isic import CLASSES
from skinkd.splits import assemble, check_classes, deal_groups
from skinkd.splits.davidi_park_image import check_cuts, cuts_of

__all__ = ["CLASSES", "davidi_park_lesion"]


def davidi_park_lesion(
    table: pd.DataFrame,
    *,
    fold: int,
    train_share: Share = 0.7,
    validation_share: Share = 0.2,
    seed: Seed = 1337,
) -> pd.DataFrame:
    """The counts of `davidi_park_image` for each class, dealing out whole groups instead of images.

    Where whole groups do not add up to a count, the images that are left over train.

    Args:
        table: images as ingest writes them.
        fold: another one validates other images; the test images stay.
        train_share, validation_share: of each class; the rest is tested on.
        seed: of the draws.

    Raises:
        InputError: shares that leave nothing, a class absent from a part.
    """
    check_cuts(train_share, validation_share)
    groups = groups_of(table)
    sizes = sizes_of(groups, table["label"].to_numpy(), CLASSES)
    n_images = sizes.sum().tolist()
    cuts = [cuts_of(n, train_share, validation_share) for n in n_images]
    part_of = deal_groups(
        sizes,
        n_test=[n - sum(cut) for n, cut in zip(n_images, cuts, strict=True)],
        n_validation=[n_validation for _, n_validation in cuts],
        seed=seed,
        fold=fold,
    )
    split = assemble(table, np.array([part_of[group] for group in groups], dtype=object), groups=groups)
    check_classes(split, CLASSES)
    return split
