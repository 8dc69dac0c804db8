"""A leak made on purpose: siblings of test images among the training images, and nothing else is changed.

The clean side is a split that leaks nothing. Some images of its test lesions leave the test part and
take the places of as many training images of their class. Both sides are then compared on the test images
that stay, so that their difference is what the leak adds.
"""

import numpy as np
import pandas as pd

from skinkd.splits import AFTER_TEST


def inject_siblings(split: pd.DataFrame, table: pd.DataFrame, *, seed: int, fold: int) -> pd.DataFrame:
    """The split with half of the pictures of each test lesion among the training images.

    Each test lesion keeps the larger half of its pictures in the test part; those of the same bytes stay
    together. Which ones these are is the same in every fold. As many training images of the same classes,
    drawn anew in each fold, are left out. Validation images stay.

    Args:
        split: one without a lesion on both sides, as `skinkd.splits` describes it.
        table: all images of the archive with their `sha256`.
        seed: of both draws.

    Returns:
        A split of the same training size by class, whose test images are some of those of `split`; equal
        to `split` where no test lesion has a second picture.
    """
    siblings = siblings_in(split, table["sha256"].to_numpy()[split["row"]], np.random.default_rng(seed))
    replaced = _replaced(split, siblings, np.random.default_rng([seed, fold, AFTER_TEST]))
    parts = split["part"].mask(siblings, "train")
    return split.assign(part=parts)[~replaced].reset_index(drop=True)


def siblings_in(split: pd.DataFrame, sha256: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Which test images would leak, (images,): at most the smaller half of each group's pictures.

    No more of a class than there are training images of it, and never a class's last test image.
    """
    test = split[split["part"] == "test"].assign(sha256=sha256[split["part"] == "test"])
    content = test["sha256"].where(test["sha256"] != "", test["image"])
    shuffled = test.assign(content=content).iloc[generator.permutation(len(test))]
    pictures = shuffled.drop_duplicates(["group", "content"])
    of_group = pictures.groupby("group")["content"]
    leaking = pictures[of_group.cumcount() >= (of_group.transform("size") + 1) // 2]
    chosen = shuffled.set_index(["group", "content"]).index.isin(
        leaking.set_index(["group", "content"]).index
    )
    kept = _within_reach(shuffled, chosen, split.loc[split["part"] == "train", "label"].value_counts())
    return split.index.isin(shuffled.index[kept])


def _within_reach(test: pd.DataFrame, chosen: np.ndarray, room: pd.Series) -> np.ndarray:
    """The chosen images without the groups of which a class has too many."""
    for label, of_class in test.assign(chosen=chosen).groupby("label", sort=True):
        taken = of_class[of_class["chosen"]]
        spare = taken.iloc[room.get(label, 0) :] if len(taken) < len(of_class) else taken
        chosen = chosen & ~test["group"].isin(spare["group"]).to_numpy()
    return chosen


def _replaced(split: pd.DataFrame, siblings: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Which training images make room, (images,): as many of each class as siblings come in."""
    replaced = np.zeros(len(split), dtype=bool)
    for label, n in split.loc[siblings, "label"].value_counts().sort_index().items():
        rows = np.flatnonzero((split["part"] == "train") & (split["label"] == label))
        replaced[generator.choice(rows, n, replace=False)] = True
    return replaced


def injected_images(split: pd.DataFrame) -> list[str]:
    """The training images of a split that are siblings of its test images."""
    return _with_relative_in(split, "train", "test")


def images_with_sibling(split: pd.DataFrame) -> list[str]:
    """The test images of a split that have a sibling among its training images."""
    return _with_relative_in(split, "test", "train")


def _with_relative_in(split: pd.DataFrame, part: str, other: str) -> list[str]:
    groups = split.loc[split["part"] == other, "group"]
    return split.loc[(split["part"] == part) & split["group"].isin(groups), "image"].tolist()
