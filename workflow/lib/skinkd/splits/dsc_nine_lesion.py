"""DSC's nine classes, with every lesion and every picture on one side."""

import numpy as np
import pandas as pd

from skinkd.domains import Seed, Share
from skinkd.groups import groups_of, sizes_of
from skinkd.splits import assemble, check_classes, check_share, deal_groups
from skinkd.splits.dsc_nine_image import CLASSES, official_parts

__all__ = ["CLASSES", "dsc_nine_lesion"]


def dsc_nine_lesion(
    table: pd.DataFrame, *, fold: int, validation_share: Share = 0.1, seed: Seed = 0
) -> pd.DataFrame:
    """The counts of `dsc_nine_image` for each class, dealing out whole groups of both folders.

    A picture that stands under two classes is one group, so both its rows are in one part.

    Args:
        table: images as ingest writes them from folders by class.
        fold: another one validates other images; the test images stay.
        validation_share: of the training images of each class.
        seed: of the draws.

    Raises:
        InputError: as `dsc_nine_image`.
    """
    check_share("validation_share", validation_share)
    labels, groups, official = table["label"].to_numpy(), groups_of(table), official_parts(table)
    sizes = sizes_of(groups, labels, CLASSES)
    n_test = [int(((labels == label) & (official == "test")).sum()) for label in CLASSES]
    rest = [n - n_tested for n, n_tested in zip(sizes.sum(), n_test, strict=True)]
    part_of = deal_groups(
        sizes,
        n_test=n_test,
        n_validation=[round(validation_share * n) for n in rest],
        seed=seed,
        fold=fold,
    )
    split = assemble(table, np.array([part_of[group] for group in groups], dtype=object), groups=groups)
    check_classes(split, CLASSES)
    return split
