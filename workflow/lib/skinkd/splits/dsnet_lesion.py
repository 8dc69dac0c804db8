"""DSNet's balanced set of benign and malignant lesions, with every lesion on one side."""

import numpy as np
import pandas as pd

from skinkd.domains import Count, Seed, Share
from skinkd.groups import groups_of
from skinkd.splits import assemble, check_classes, check_share
from skinkd.splits.dsnet_image import CLASSES, check_enough_images, task_labels

__all__ = ["CLASSES", "dsnet_lesion"]


def dsnet_lesion(
    table: pd.DataFrame,
    *,
    fold: int,
    train_benign: Count = 3500,
    train_malignant: Count = 3496,
    test_benign: Count = 1500,
    test_malignant: Count = 1500,
    validation_share: Share = 0.2,
    seed: Seed = 0,
) -> pd.DataFrame:
    """The counts of `dsnet_image`, drawing whole groups instead of images.

    Groups come in random order; each is taken if it still fits. A count therefore falls short by
    less than the smallest group left over: by nothing while lesions with one image remain.

    Args:
        table: images as ingest writes them.
        fold: each one is another draw of the whole set.
        train_benign, train_malignant: images before the validation images are taken from them.
        test_benign, test_malignant: images.
        validation_share: of the training images of each class.
        seed: of the draws.

    Raises:
        InputError: the archive has too few images of a class, a class is absent from a part,
            a share that leaves nothing.
    """
    check_share("validation_share", validation_share)
    labels, groups = task_labels(table), groups_of(table)
    check_enough_images(
        labels, {"benign": (train_benign, test_benign), "malignant": (train_malignant, test_malignant)}
    )
    sizes = pd.crosstab(groups, labels).reindex(columns=list(CLASSES), fill_value=0)
    order = sizes.iloc[np.random.default_rng([seed, fold]).permutation(len(sizes))]
    test = take_groups(order, (test_benign, test_malignant))
    train = take_groups(order.drop(index=test), (train_benign, train_malignant))
    trained = order.loc[train]
    validation = take_groups(trained, (validation_share * trained.sum()).round().astype(int))
    part_of = (
        dict.fromkeys(train, "train") | dict.fromkeys(validation, "validation") | dict.fromkeys(test, "test")
    )
    parts = np.array([part_of.get(group, "") for group in groups], dtype=object)
    split = assemble(table, parts, labels=labels, groups=groups)
    check_classes(split, CLASSES)
    return split


def take_groups(sizes: pd.DataFrame, wanted) -> list[str]:
    """Names of groups whose images add up to at most `wanted`; each in turn is taken if it still fits.

    Args:
        sizes: images of each class, one row per group, in the order to try.
        wanted: images of each class.
    """
    left = [int(n) for n in wanted]
    taken = []
    for group, *counts in sizes.itertuples():
        if all(n <= space for n, space in zip(counts, left, strict=True)):
            left = [space - n for n, space in zip(counts, left, strict=True)]
            taken.append(group)
    return taken
