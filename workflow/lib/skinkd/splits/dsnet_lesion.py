"""DSNet's balanced set of benign and malignant lesions, with every lesion on one side."""

import numpy as np
import pandas as pd

from skinkd.domains import Count, Seed, Share
from skinkd.groups import groups_of, shuffled, sizes_of, take_groups
from skinkd.splits import AFTER_TEST, assemble, check_classes, check_share
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
        fold: each one is another draw of the training and validation images; the test images stay.
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
    sizes = sizes_of(groups, labels, CLASSES)
    test = take_groups(shuffled(sizes, seed), (test_benign, test_malignant))
    rest = shuffled(sizes.drop(index=test), [seed, fold, AFTER_TEST])
    train = take_groups(rest, (train_benign, train_malignant))
    trained = rest.loc[train]
    validation = take_groups(trained, (validation_share * trained.sum()).round().astype(int))
    part_of = (
        dict.fromkeys(train, "train") | dict.fromkeys(validation, "validation") | dict.fromkeys(test, "test")
    )
    parts = np.array([part_of.get(group, "") for group in groups], dtype=object)
    split = assemble(table, parts, labels=labels, groups=groups)
    check_classes(split, CLASSES)
    return split
