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


def _root(parent: list[int], row: int) -> int:
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


def _join(parent: list[int], one: int, other: int) -> None:
    parent[_root(parent, other)] = _root(parent, one)
