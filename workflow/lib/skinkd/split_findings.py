"""What is wrong with the parts of a split, the archive behind them and the recipes on top of them."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from skinkd.findings import Finding
from skinkd.splits import PARTS

COLUMNS = ("image", "row", "group", "lesion", "label", "part")


def findings_of_array(path, table: pd.DataFrame, manifest: dict, size_px: int) -> Iterator[Finding]:
    """Yield what is wrong with the packed pictures: unreadable, of another size, not those of the table."""
    try:
        array = np.load(path, mmap_mode="r")
    except (ValueError, EOFError, OSError) as error:
        yield Finding("archive", str(path), f"cannot be read as packed pictures ({error})")
        return
    if array.dtype != np.uint8 or array.shape[1:] != (size_px, size_px, 3):
        what = f"holds {array.dtype} of shape {array.shape}, size_px asks for pictures of {size_px} px"
        yield Finding("archive", str(path), what)
    known = {"its table": len(table), "its manifest": manifest["n_images"]}
    for other, images in known.items():
        if len(array) != images:
            yield Finding("archive", str(path), f"has {len(array):,} pictures, {other} has {images:,}")


def findings_of_classes(classes: list[str], manifest: dict, summaries: dict[str, dict]) -> Iterator[Finding]:
    """Yield where archive and split do not have the config's classes in the config's order.

    Args:
        classes: of the split that the config names.
        manifest: of the archive; its classes are another task's where the split joins some of them.
        summaries: of the folds, by file.
    """
    orders = {path: summary["classes"] for path, summary in summaries.items()}
    if sorted(manifest["classes"]) == sorted(classes):
        orders["the archive"] = manifest["classes"]
    for place, order in orders.items():
        if order != classes:
            wanted = f"the config's split has {', '.join(classes)}, in this order"
            yield Finding("classes", place, f"has the classes {', '.join(order)}; {wanted}")


def findings_of_fold(
    place: str, split: pd.DataFrame, table: pd.DataFrame, summary: dict, classes: list[str], *, grouped: bool
) -> Iterator[Finding]:
    """Yield what is wrong with one fold.

    Args:
        place: its file.
        table: of the archive, in the order of the packed pictures.
        grouped: whether no group may stand in two parts.
    """
    absent = [column for column in COLUMNS if column not in split]
    if absent:
        yield Finding("split", place, f"has no column {', '.join(absent)}")
        return
    for image in split.loc[split["image"].duplicated(), "image"].unique():
        yield Finding("split", place, f"{image} stands there more than once")
    yield from _findings_of_rows(place, split, table)
    yield from _findings_of_parts(place, split, summary, classes)
    if grouped:
        parts = split.groupby("group")["part"].unique()
        for group, found in parts[parts.str.len() > 1].items():
            yield Finding("split", place, f"group {group} is in {' and '.join(sorted(found))}")


def _findings_of_rows(place: str, split: pd.DataFrame, table: pd.DataFrame) -> Iterator[Finding]:
    """Yield rows of the packed pictures that are not there or are other images."""
    rows = pd.to_numeric(split["row"], errors="coerce").fillna(-1).astype(int).to_numpy()
    inside = (rows >= 0) & (rows < len(table))
    for image, row in zip(split["image"][~inside], split["row"][~inside], strict=True):
        yield Finding("split", place, f"{image} points to row {row} of {len(table):,} pictures")
    there = table["image"].to_numpy()[rows[inside]]
    named = split["image"].to_numpy()[inside]
    for image, other in zip(named[named != there], there[named != there], strict=True):
        yield Finding("split", place, f"{image} points to the picture of {other}")


def _findings_of_parts(
    place: str, split: pd.DataFrame, summary: dict, classes: list[str]
) -> Iterator[Finding]:
    """Yield unknown parts and labels, classes that a part lacks, and counts that are not the summary's."""
    for column, known in (("part", PARTS), ("label", classes)):
        for word in sorted(set(split[column]) - set(known)):
            yield Finding("split", place, f"has the {column} '{word}'; known are {', '.join(known)}")
    counts = split.groupby(["part", "label"]).size()
    for part in PARTS:
        for label in classes:
            found = int(counts.get((part, label), 0))
            counted = summary["counts"].get(part, {}).get(label, {}).get("images", 0)
            if not found:
                yield Finding("split", place, f"{part} has no {label}")
            if found != counted:
                what = f"{part} has {found:,} images of {label}, the summary beside it says {counted:,}"
                yield Finding("split", place, what)


def findings_of_tests(splits: dict[str, pd.DataFrame]) -> Iterator[Finding]:
    """Yield the folds that are tested on other images than the first one."""
    tested = {
        place: set(split.loc[split["part"] == "test", "image"])
        for place, split in splits.items()
        if {"part", "image"} <= set(split)
    }
    first = next(iter(tested), None)
    for place, images in tested.items():
        if differing := images ^ tested[first]:
            what = f"{len(differing):,} test images are not those of {first}, such as {min(differing)}"
            yield Finding("split", place, what)
