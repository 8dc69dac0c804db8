"""DSC's set of benign and malignant lesions, drawn by image in the counts of its folders."""

import numpy as np
import pandas as pd

from skinkd.domains import Seed, Share, Switch
from skinkd.errors import InputError, examples
from skinkd.splits import AFTER_TEST, assemble, check_classes, check_share
from skinkd.splits.dsnet_image import CLASSES, task_labels

__all__ = ["CLASSES", "dsc_image"]

# Training and test folders of the Kaggle set together; BKL is its pigmented benign keratoses (478)
# and seborrheic keratoses (80).
COUNTS = {"AK": 130, "BCC": 392, "DF": 111, "MEL": 454, "NV": 373, "BKL": 558, "SCC": 197, "VASC": 142}
BENIGN_KERATOSES = ("PBK", "SK")


def dsc_image(
    table: pd.DataFrame,
    *,
    fold: int,
    share: Share = 1.0,
    test_share: Share = 0.05,
    validation_share: Share = 0.1,
    allow_fewer: Switch = False,
    seed: Seed = 0,
) -> pd.DataFrame:
    """Draw as many images of each diagnosis as the paper's folders hold, then deal them into parts.

    Images of one lesion fall on both sides. At `share` 1 these are 2,357 images, 1,184 benign and
    1,173 malignant.

    Source: "Deep Skin Cancer", section 4.1: 2,357 images of nine kinds; the counts by kind are those of
    the Kaggle set with that total, "Skin cancer ISIC The International Skin Imaging Collaboration".

    Args:
        table: images as ingest writes them, with ISIC 2019's eight classes or with the nine folders.
        fold: another one deals other training and validation images; the set and its test images stay.
        share: of the paper's counts.
        test_share: of the drawn images of each diagnosis.
        validation_share: of the rest of each diagnosis.
        allow_fewer: take what there is of a diagnosis that the archive has too few of.
        seed: of the draws.

    Raises:
        InputError: the archive has too few images of a diagnosis, a share that leaves nothing, a
            class absent from a part.
    """
    # ASSUME: The paper states no division; a twentieth of each diagnosis is tested on, as 118 of the
    # 2,357 images stand in the test folders, and a tenth of the rest validates.
    check_share("test_share", test_share)
    check_share("validation_share", validation_share)
    diagnoses = diagnoses_of(table)
    for_test, for_training = np.random.default_rng(seed), np.random.default_rng([seed, fold, AFTER_TEST])
    parts = np.full(len(table), "", dtype=object)
    for diagnosis, n in wanted_of(diagnoses, share, allow_fewer).items():
        drawn = for_test.permutation(np.flatnonzero(diagnoses == diagnosis))[:n]
        n_test, n_validation = cuts_of(n, test_share, validation_share)
        rest = for_training.permutation(drawn[n_test:])
        parts[drawn[:n_test]] = "test"
        parts[rest[:n_validation]] = "validation"
        parts[rest[n_validation:]] = "train"
    split = assemble(table, parts, labels=task_labels(table))
    check_classes(split, CLASSES)
    return split


def diagnoses_of(table: pd.DataFrame) -> np.ndarray:
    """The diagnosis of each image as `COUNTS` names them, (images,)."""
    return table["label"].where(~table["label"].isin(BENIGN_KERATOSES), "BKL").to_numpy(object)


def wanted_of(diagnoses: np.ndarray, share: float, allow_fewer: bool) -> dict[str, int]:
    """How many images of each diagnosis to draw.

    Raises:
        InputError: there are fewer, and that is not allowed.
    """
    wanted = {diagnosis: round(share * n) for diagnosis, n in COUNTS.items()}
    there = {diagnosis: int((diagnoses == diagnosis).sum()) for diagnosis in COUNTS}
    if allow_fewer:
        return {diagnosis: min(n, there[diagnosis]) for diagnosis, n in wanted.items()}
    short = [f"{there[d]:,} {d} images, {n:,} wanted" for d, n in wanted.items() if there[d] < n]
    if short:
        what = f"the archive has {examples(short)}"
        fix = "lower share, set allow_fewer, or take a larger archive"
        raise InputError("split", what, "The mixture would not be the paper's", fix)
    return wanted


def cuts_of(n: int, test_share: float, validation_share: float) -> tuple[int, int]:
    """Test and validation images among `n`; the validation images are a share of what is not tested on."""
    n_test = round(test_share * n)
    return n_test, round(validation_share * (n - n_test))
