"""SSD-KD's split of ISIC 2019 by image, as its authors' code makes it."""

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from skinkd.domains import Count, Seed, Share
from skinkd.isic import CLASSES
from skinkd.splits import assemble, check_classes, check_enough_of_each, check_fold, check_share

__all__ = ["CLASSES", "ssd_kd_image"]


def ssd_kd_image(
    table: pd.DataFrame, *, fold: int, test_share: Share = 0.1, folds: Count = 5, seed: Seed = 2021
) -> pd.DataFrame:
    """Shuffle, cut off the test images, deal the rest into stratified folds.

    Images of one lesion fall on both sides. With the official tables and the defaults
    this gives the very 2,533 test images of the paper; its results are those of fold 2.

    Source: Wang et al., SSD-KD, Medical Image Analysis 2023; data/ISIC2019/loader.py of the
    authors' code, `split_train_test_imgs_csv` and `split_k_folder_csv`.

    Args:
        table: images as ingest writes them, in the row order of the archive's metadata.
        fold: the one that validates, from 1.
        test_share: of all images, not stratified.
        folds: into which the rest is dealt.
        seed: of the shuffle and of the folds.

    Raises:
        InputError: no such fold or share, too few images of a class, a class absent from a part.
    """
    check_fold(fold, folds)
    check_share("test_share", test_share)
    shuffled = pd.Series(range(len(table))).sample(frac=1, random_state=seed).to_numpy()
    n_test = round(test_share * len(table))
    test, rest = shuffled[:n_test], shuffled[n_test:]
    labels = table["label"].to_numpy()
    check_enough_of_each(labels[rest], rest, folds, "images beside the test images")
    dealt = list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(rest, labels[rest]))
    parts = np.full(len(table), "train", dtype=object)
    parts[rest[dealt[fold - 1][1]]] = "validation"
    parts[test] = "test"
    split = assemble(table, parts)
    check_classes(split, CLASSES)
    return split
