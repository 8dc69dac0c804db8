"""DSNet's balanced set of benign and malignant lesions, drawn by image."""

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from skinkd.domains import Count, Seed, Share
from skinkd.errors import InputError
from skinkd.splits import AFTER_TEST, assemble, check_classes, check_share

CLASSES = ("benign", "malignant")
# ASSUME: The paper does not say how diagnoses become two classes; malignant are melanoma and
# the keratinocyte cancers with their precursor, benign is the rest.
MALIGNANT = ("MEL", "BCC", "AK", "SCC")
# ASSUME: The unseeded shuffle before the authors' own cut of the training images cannot be
# repeated; only the seed of that cut is theirs.
AUTHORS_SEED = 10


def dsnet_image(
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
    """Draw as many images of each class as the paper has; a share of the training images validates.

    Images of one lesion fall on both sides.

    Source: Khan et al., DSNet, 2022, data section; the validation images by the
    `train_test_split(test_size=0.2, random_state=10)` of the authors' notebooks.

    Args:
        table: images as ingest writes them.
        fold: each one is another draw of the training and validation images; the test images stay.
        train_benign, train_malignant: images before the validation images are taken from them.
        test_benign, test_malignant: images.
        validation_share: of the training images, not stratified.
        seed: of the draws.

    Raises:
        InputError: the archive has too few images of a class, a class is absent from a part,
            a share that leaves nothing.
    """
    check_share("validation_share", validation_share)
    # ASSUME: The paper does not name the ISIC year of its images; they are drawn from the archive
    # of the study.
    labels = task_labels(table)
    wanted = {"benign": (train_benign, test_benign), "malignant": (train_malignant, test_malignant)}
    check_enough_images(labels, wanted)
    for_test, for_training = np.random.default_rng(seed), np.random.default_rng([seed, fold, AFTER_TEST])
    parts = np.full(len(table), "", dtype=object)
    for label, (n_train, n_test) in wanted.items():
        rows = for_test.permutation(np.flatnonzero(labels == label))
        parts[rows[:n_test]] = "test"
        parts[for_training.permutation(rows[n_test:])[:n_train]] = "train"
    train = np.flatnonzero(parts == "train")
    _, validation = train_test_split(train, test_size=validation_share, random_state=AUTHORS_SEED)
    parts[validation] = "validation"
    split = assemble(table, parts, labels=labels)
    check_classes(split, CLASSES)
    return split


def task_labels(table: pd.DataFrame) -> np.ndarray:
    """Benign or malignant for each image, (images,)."""
    return np.where(table["label"].isin(MALIGNANT), "malignant", "benign").astype(object)


def check_enough_images(labels, wanted: dict[str, tuple[int, int]]) -> None:
    """Refuse to draw more images than there are.

    Args:
        wanted: images to train on and to test on, for each class.

    Raises:
        InputError: with what is there and what is wanted.
    """
    short = [
        f"{(labels == label).sum():,} {label} images, {n_train:,} to train and {n_test:,} to test wanted"
        for label, (n_train, n_test) in wanted.items()
        if (labels == label).sum() < n_train + n_test
    ]
    if short:
        what = f"the archive has {'; and '.join(short)}"
        fix = "lower train_benign, train_malignant, test_benign, test_malignant, or take a larger archive"
        raise InputError("split", what, "The paper's set is balanced", fix)
