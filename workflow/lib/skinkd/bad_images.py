"""Pictures that cannot be used: all of them in a list beside the manifest, ten in the message."""

import csv
from typing import NamedTuple

from skinkd.atomic import whole
from skinkd.errors import InputError, examples


class BadPicture(NamedTuple):
    """One picture that gave no pixels: its image id, its file in the archive, and why."""

    image: str
    member: str
    reason: str


def judge_bad_images(bad: list[BadPicture], n_images: int, on_bad_image: str, path_to_csv) -> list[str]:
    """Write the list of bad pictures, and refuse them unless they may be dropped.

    Args:
        n_images: the good ones among them.
        on_bad_image: `error` or `drop`.
        path_to_csv: columns `image`, `member`, `reason`; without a bad picture it has no row.

    Returns:
        A notice where pictures are dropped.

    Raises:
        InputError: bad pictures that may not be dropped, or nothing but bad pictures.
    """
    _write(bad, path_to_csv)
    shown = examples([f"{picture.image}: {picture.reason}" for picture in bad])
    if bad and (on_bad_image != "drop" or len(bad) == n_images):
        what = f"{len(bad):,} of {n_images:,} images are bad: {shown}; all of them stand in {path_to_csv}"
        fix = "get the archive again" + (", or set on_bad_image: drop" if len(bad) < n_images else "")
        raise InputError("image", what, "A network would learn from noise", fix)
    return [f"dropped {len(bad):,} bad images, listed in bad_images.csv: {shown}"] if bad else []


def _write(bad: list[BadPicture], path_to_csv) -> None:
    with whole(path_to_csv) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([BadPicture._fields, *bad])
