"""SSD-KD's split with every lesion on one side."""

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from skinkd.domains import Count, Seed, Share
from skinkd.groups import groups_of
from skinkd.isic import CLASSES
from skinkd.splits import assemble, check_classes, check_enough_of_each, check_fold, check_share

__all__ = ["CLASSES", "ssd_kd_lesion"]


def ssd_kd_lesion(
    table: pd.DataFrame, *, fold: int, test_share: Share = 0.1, folds: Count = 5, seed: Seed = 2021
) -> pd.DataFrame:
    """The proportions and seeds of `ssd_kd_image`, dealing out whole groups instead of images.

    Test is the first of `round(1 / test_share)` folds stratified by class; so its size and
    its classes are near those shares, not exactly on them.

    Args:
        table: images as ingest writes them, in the row order of the archive's metadata.
        fold: the one that validates, from 1.
        test_share: of all images; above 0.4 it is half of them.
        folds: into which the rest is dealt.
        seed: of both dealings.

    Raises:
        InputError: no such fold or share, too few groups of a class, a class absent from a part.
    """
    check_fold(fold, folds)
    check_share("test_share", test_share)
    labels, groups = table["label"].to_numpy(), groups_of(table)
    everyone = np.arange(len(table))
    test = _fold_of(everyone, labels, groups, folds=max(2, round(1 / test_share)), seed=seed, fold=1)
    rest = np.setdiff1d(everyone, test)
    parts = np.full(len(table), "train", dtype=object)
    parts[_fold_of(rest, labels, groups, folds=folds, seed=seed, fold=fold)] = "validation"
    parts[test] = "test"
    split = assemble(table, parts, groups=groups)
    check_classes(split, CLASSES)
    return split


def _fold_of(rows, labels, groups, *, folds: int, seed: int, fold: int) -> np.ndarray:
    """The rows that a stratified, grouped dealing puts into one fold, from 1."""
    check_enough_of_each(labels[rows], groups[rows], folds, "lesions")
    dealer = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    dealt = list(dealer.split(rows, labels[rows], groups[rows]))
    return rows[dealt[fold - 1][1]]
