"""Which images show the same lesion, and so must stay on one side of a split."""

import numpy as np
import pandas as pd


def groups_of(table: pd.DataFrame) -> np.ndarray:
    """Name the group of each image: images with one lesion id, or with the same bytes, are one group.

    Links chain: if A and B share a lesion, and B and C their bytes, all three are one group.
    A blank lesion id or digest links nothing.

    Args:
        table: columns `image`, `lesion` and `sha256`, text.

    Returns:
        (images,), the smallest image id of each image's group; independent of the row order.
    """
    images = table["image"].tolist()
    parent = list(range(len(images)))
    for column in ("lesion", "sha256"):
        first: dict[str, int] = {}
        for row, key in enumerate(table[column]):
            if key:
                _join(parent, first.setdefault(key, row), row)
    roots = [_root(parent, row) for row in range(len(images))]
    names: dict[int, str] = {}
    for root, image in zip(roots, images, strict=True):
        names[root] = min(image, names.get(root, image))
    return np.array([names[root] for root in roots], dtype=object)


def lesions_of(table: pd.DataFrame, groups: np.ndarray) -> np.ndarray:
    """Name the lesion of each image, one name for each group.

    Two lesions that share a picture are one: what a split keeps together, an interval draws together.

    Args:
        table: columns `image` and `lesion`, text.
        groups: (images,), as `groups_of` gives them.

    Returns:
        (images,), the smallest lesion id in each image's group, or the group's own name where all are blank.
    """
    known = table["lesion"].to_numpy() != ""
    named = pd.Series(table["lesion"].to_numpy()[known]).groupby(groups[known]).min().to_dict()
    return np.array([named.get(group, group) for group in groups], dtype=object)


def sizes_of(groups: np.ndarray, labels: np.ndarray, classes) -> pd.DataFrame:
    """Images of each class, one row per group, (groups, classes); sorted by the groups' names."""
    return pd.crosstab(groups, labels).reindex(columns=list(classes), fill_value=0)


def shuffled(sizes: pd.DataFrame, seed) -> pd.DataFrame:
    """The rows in another order, drawn with a seed as `np.random.default_rng` takes it."""
    return sizes.iloc[np.random.default_rng(seed).permutation(len(sizes))]


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


def _root(parent: list[int], row: int) -> int:
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


def _join(parent: list[int], one: int, other: int) -> None:
    parent[_root(parent, other)] = _root(parent, one)
