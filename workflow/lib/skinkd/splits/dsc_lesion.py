"""DSC's set of benign and malignant lesions, with every lesion on one side."""

import numpy as np
import pandas as pd

from skinkd.domains import Seed, Share, Switch
from skinkd.groups import groups_of, shuffled, sizes_of, take_groups
from skinkd.splits import assemble, check_classes, check_share, deal_groups
from skinkd.splits.dsc_image import COUNTS, cuts_of, diagnoses_of, wanted_of
from skinkd.splits.dsnet_image import CLASSES, task_labels

__all__ = ["CLASSES", "dsc_lesion"]


def dsc_lesion(
    table: pd.DataFrame,
    *,
    fold: int,
    share: Share = 1.0,
    test_share: Share = 0.05,
    validation_share: Share = 0.1,
    allow_fewer: Switch = False,
    seed: Seed = 0,
) -> pd.DataFrame:
    """The counts of `dsc_image` for each diagnosis, drawing and dealing whole groups instead of images.

    Args:
        table: images as ingest writes them, with ISIC 2019's eight classes or with the nine folders.
        fold: another one deals other training and validation images; the set and its test images stay.
        share: of the paper's counts.
        test_share: of the drawn images of each diagnosis.
        validation_share: of the rest of each diagnosis.
        allow_fewer: take what there is of a diagnosis that the archive has too few of.
        seed: of the draws.

    Raises:
        InputError: as `dsc_image`.
    """
    check_share("test_share", test_share)
    check_share("validation_share", validation_share)
    diagnoses, groups = diagnoses_of(table), groups_of(table)
    wanted = wanted_of(diagnoses, share, allow_fewer)
    sizes = sizes_of(groups, diagnoses, COUNTS)
    drawn = sizes.loc[take_groups(shuffled(sizes, seed), wanted.values())]
    n_test, n_validation = zip(
        *(cuts_of(n, test_share, validation_share) for n in drawn.sum().tolist()), strict=True
    )
    part_of = deal_groups(drawn, n_test=n_test, n_validation=n_validation, seed=seed, fold=fold)
    parts = np.array([part_of.get(group, "") for group in groups], dtype=object)
    split = assemble(table, parts, labels=task_labels(table), groups=groups)
    check_classes(split, CLASSES)
    return split
