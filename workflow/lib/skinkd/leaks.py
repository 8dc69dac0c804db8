"""What joins test images to the images that a network learns from: the audit of a split, report only."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from skinkd.config import CLEAN
from skinkd.errors import InputError, examples
from skinkd.groups import groups_of
from skinkd.lookups import RELATIVES
from skinkd.picture_hashes import Looks, near_pairs
from skinkd.predictions import Predictions

SMALLER = "_downsampled"  # ISIC 2019 adds this to the ids of pictures that it holds in a smaller size
OTHERS = ("train", "validation")


@dataclass(frozen=True)
class Pictures:
    """The images of one archive, row by row.

    Args:
        table: as ingest writes it, text.
        looks: of `skinkd.picture_hashes`.
        groups: (images,) of `skinkd.groups`.
    """

    table: pd.DataFrame
    looks: Looks
    groups: np.ndarray


def pictures_of(table: pd.DataFrame, looks: Looks) -> Pictures:
    """The images of an archive with the groups that follow from them."""
    return Pictures(table, looks, groups_of(table))


def links_of(split: pd.DataFrame, pictures: Pictures, near: dict) -> tuple[list[dict], pd.DataFrame]:
    """How many test images have a relative of each kind in training, and in validation.

    Args:
        split: columns `image`, `row` (of the archive) and `part`.
        near: what counts as a near duplicate, `most_bits` and `least_correlation` of `near_pairs`.

    Returns:
        One record `{kind, train, validation}` for each of `RELATIVES`, and the near duplicates: test image,
        other image, its part, bits, and whether both are known to show one lesion.
    """
    test = split.loc[split["part"] == "test", "row"].to_numpy()
    others = {part: split.loc[split["part"] == part, "row"].to_numpy() for part in OTHERS}
    alike = {part: _near(test, rows, pictures, near) for part, rows in others.items()}
    counted = {part: _linked(test, rows, alike[part], pictures) for part, rows in others.items()}
    records = [
        {"kind": kind, **{part: int(counted[part][kind].sum()) for part in OTHERS}} for kind in RELATIVES
    ]
    pairs = pd.concat([found.assign(part=part) for part, found in alike.items()], ignore_index=True)
    named = pairs.assign(
        **{side: pictures.table["image"].to_numpy()[pairs[side]] for side in ("test", "other")}
    )
    return records, named[["test", "other", "part", "bits", "siblings"]]


def _near(test: np.ndarray, rows: np.ndarray, pictures: Pictures, near: dict) -> pd.DataFrame:
    """Near duplicates by their rows in the archive."""
    sides = [Looks(*(column[chosen] for column in pictures.looks)) for chosen in (test, rows)]
    one, other, bits = near_pairs(*sides, **near).T
    known = pictures.groups[test[one]] == pictures.groups[rows[other]]
    return pd.DataFrame({"test": test[one], "other": rows[other], "bits": bits, "siblings": known})


def _linked(
    test: np.ndarray, rows: np.ndarray, near: pd.DataFrame, pictures: Pictures
) -> dict[str, np.ndarray]:
    """For each kind, whether each test image has a relative among `rows`, (test,) of bool."""
    table = pictures.table
    ids = table["image"].to_numpy()
    base = table["image"].str.removesuffix(SMALLER).to_numpy()
    lesion, sha256, label = (table[column].to_numpy() for column in ("lesion", "sha256", "label"))
    relabelled = [_under_another_label(key, label, test, rows) for key in (base, sha256)]
    return {
        "image": _shared(ids, test, rows),
        "twin": _shared(base, test, rows) & ~_shared(ids, test, rows),
        "lesion": _shared(lesion, test, rows),
        "bytes": _shared(sha256, test, rows),
        "group": _shared(pictures.groups, test, rows),
        "label": np.logical_or(*relabelled),
        "near": np.isin(test, near["test"]),
        "near_unknown": np.isin(test, near.loc[~near["siblings"], "test"]),
    }


def _shared(keys: np.ndarray, test: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Whether the key of each test image is also that of one of `rows`; a blank key joins nothing."""
    known = set(keys[rows]) - {""}
    return np.array([key in known for key in keys[test]], dtype=bool)


def _under_another_label(keys, labels, test: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Whether the key of each test image stands among `rows` with another label."""
    known: dict[str, set] = {}
    for key, label in zip(keys[rows], labels[rows], strict=True):
        known.setdefault(key, set()).add(label)
    return np.array(
        [
            bool(key and known.get(key, set()) - {label})
            for key, label in zip(keys[test], labels[test], strict=True)
        ],
        dtype=bool,
    )


def check_predictions(path, said: Predictions, split: pd.DataFrame, pictures: Pictures) -> dict:
    """Compare what a prediction file calls its test images with the images that the split gave to train on.

    Returns:
        `{protocol, fold, test_images, image, lesion, bytes, group}`: of the file's test images, how many are
        themselves, have a sibling, or have a byte-twin among the images that train or validate.

    Raises:
        InputError: an image that is not in the split, or in another part of it; under leak_free, a test
            image with a relative outside of the test part.
    """
    rows = _rows_of(path, said, split)
    learned = split.loc[split["part"] != "test", "row"].to_numpy()
    test = rows[said.parts == "test"]
    near = pd.DataFrame({"test": [], "siblings": np.zeros(0, dtype=bool)})
    linked = _linked(test, learned, near, pictures)
    counts = {kind: int(linked[kind].sum()) for kind in ("image", "lesion", "bytes", "group")}
    if said.protocol == CLEAN and any(counts.values()):
        torn = pictures.table["image"].to_numpy()[test[linked["group"] | linked["image"]]]
        what = f"{path}: {len(torn):,} test images have a relative that trains or validates: {examples(torn)}"
        raise InputError(
            "audit", what, f"{CLEAN} promises that none has", "delete the file and its split, and run again"
        )
    return {"protocol": said.protocol, "fold": said.fold, "test_images": len(test), **counts}


def _rows_of(path, said: Predictions, split: pd.DataFrame) -> np.ndarray:
    """The archive's row of each image of a prediction file, in its order."""
    known = split.set_index("image").reindex(said.images)
    strange = said.images[known["part"].to_numpy() != said.parts]
    if len(strange):
        what = f"{path}: {len(strange):,} images are not in that part of the split: {examples(strange)}"
        why = "A test image that was trained on would be scored"
        raise InputError("audit", what, why, "delete the file and run again: the job that writes it repeats")
    return known["row"].to_numpy(dtype=int)
