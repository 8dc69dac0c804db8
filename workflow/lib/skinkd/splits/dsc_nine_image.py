"""DSC's nine classes, divided as the folders of the Kaggle set are."""

import numpy as np
import pandas as pd

from skinkd.domains import Seed, Share
from skinkd.errors import InputError
from skinkd.splits import assemble, check_classes, check_share

CLASSES = ("AK", "BCC", "DF", "MEL", "NV", "PBK", "SCC", "SK", "VASC")


def dsc_nine_image(
    table: pd.DataFrame, *, fold: int, validation_share: Share = 0.1, seed: Seed = 0
) -> pd.DataFrame:
    """Test on the folder Test; a share of each class of the folder Train validates.

    Images of one lesion, and one picture under two classes, fall on both sides.

    Source: "Deep Skin Cancer", section 4.1; the Kaggle set's own folders, 2,239 and 118 images.

    Args:
        table: images as ingest writes them from folders by class.
        fold: another one validates other images; the test images stay.
        validation_share: of the training images of each class.
        seed: of the draw.

    Raises:
        InputError: the images do not come from folders Train and Test, a share that leaves nothing,
            a class absent from a part.
    """
    # ASSUME: The paper states no division of its nine classes; the division of the folders is taken.
    check_share("validation_share", validation_share)
    labels, parts = table["label"].to_numpy(), official_parts(table)
    generator = np.random.default_rng([seed, fold])
    for label in CLASSES:
        rows = generator.permutation(np.flatnonzero((labels == label) & (parts == "train")))
        parts[rows[: round(validation_share * len(rows))]] = "validation"
    split = assemble(table, parts)
    check_classes(split, CLASSES)
    return split


def official_parts(table: pd.DataFrame) -> np.ndarray:
    """The part that each image's folder names, (images,), train or test.

    Raises:
        InputError: an image whose folder names none.
    """
    if "official_part" not in table or not table["official_part"].isin(["train", "test"]).all():
        what = "the images do not stand in folders named Train and Test"
        fix = "take a source of kind class_folders that has both, or another split"
        raise InputError("split", what, "This split is the one that the folders make", fix)
    return table["official_part"].to_numpy(object, copy=True)
