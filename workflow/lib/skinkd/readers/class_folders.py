"""An archive as folders: each picture's folder names its class, a folder above it perhaps Train or Test."""

import hashlib
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pandas as pd

from skinkd.errors import InputError, examples
from skinkd.isic import COLUMNS, details_of
from skinkd.lesion_policies import judge_blank_lesions
from skinkd.picture_store import open_store
from skinkd.readers import ArchiveTables
from skinkd.signatures import did_you_mean
from skinkd.strict_csv import read_sheet

# The Kaggle set "Skin cancer ISIC The International Skin Imaging Collaboration".
FOLDERS = {
    "actinic keratosis": "AK",
    "basal cell carcinoma": "BCC",
    "dermatofibroma": "DF",
    "melanoma": "MEL",
    "nevus": "NV",
    "pigmented benign keratosis": "PBK",
    "squamous cell carcinoma": "SCC",
    "seborrheic keratosis": "SK",
    "vascular lesion": "VASC",
}
PARTS = ("train", "test")
# ISIC 2019 adds this to the ids of pictures that it holds in a smaller size than the ISIC archive.
SMALLER = "_downsampled"


class Filed(NamedTuple):
    """One picture file: its name without extension, its class, its part or '', where it stands."""

    name: str
    label: str
    part: str
    member: str


def class_folders(
    path_to_images,
    paths_to_tables=(),
    *,
    classes: dict[str, str] = FOLDERS,
    on_conflict: str = "keep",
    missing_group: str = "own",
) -> ArchiveTables:
    """Read which pictures stand in which folder, and look their lesions up.

    A file name that stands in two folders is one picture with two classes, or in both parts. `error`
    refuses it. `drop` leaves out what has two classes, and of several files of one class keeps one, of
    Train where there is one. `keep` takes every file; the image id is then followed by class and part
    as far as needed, and files of one name count as one lesion.

    Args:
        path_to_images: zip file or folder; rows come in the order of the image ids.
        paths_to_tables: none, or an ISIC challenge's metadata that name the lesions of these image ids.
        classes: folder names and their classes, in the order of the classes.
        on_conflict: `error`, `drop` or `keep`.
        missing_group: `own`, `drop` or `error`, for images without a lesion id.

    Raises:
        InputError: a folder that is no class, a class without pictures, a name in two folders where
            that is an error, a blank lesion id where that is one, metadata that cannot be read.
    """
    place = Path(path_to_images).name
    files = _filed(open_store(path_to_images, members={}).names, classes, place)
    images, notices = _named(files, on_conflict, place)
    details, more = _details(paths_to_tables)
    table = pd.DataFrame([_row(image, images[image], details) for image in sorted(images)], dtype=str)
    mixed = _mixed_lesions(table)
    table, blank = judge_blank_lesions(_with_one_lesion_per_name(table, images), missing_group)
    _check_every_class(table, classes, place)
    truth = "\n".join(f"{image},{images[image].label}" for image in sorted(images))
    return ArchiveTables(
        images=table,
        notices=(*notices, *more, *mixed, *blank),
        classes=tuple(classes.values()),
        ground_truth_sha256=hashlib.sha256(truth.encode()).hexdigest(),
        members={image: images[image].member for image in table["image"]},
    )


def _filed(members: list[str], classes: dict[str, str], place: str) -> list[Filed]:
    """Every picture file with its class and part, Train before Test."""
    files, strangers = [], {}
    for member in members:
        *above, folder = PurePosixPath(member).parent.parts or ("",)
        if folder not in classes:
            strangers.setdefault(folder, member)
            continue
        part = next((name.lower() for name in reversed(above) if name.lower() in PARTS), "")
        files.append(Filed(PurePosixPath(member).stem, classes[folder], part, member))
    if strangers:
        hints = [f"'{folder}' ({did_you_mean(folder, classes)})" for folder in strangers]
        what = f"{place} has pictures in folders that are no class: {examples(hints, most=3)}"
        fix = "name the folder under classes of the source, or take it out of the archive"
        raise InputError("archive", what, "Their class is not known", fix)
    return sorted(files, key=lambda file: (file.part == "test", file.member))


def _named(files: list[Filed], on_conflict: str, place: str) -> tuple[dict[str, Filed], list[str]]:
    """The file of each image id, and a notice where one name has several."""
    by_name: dict[str, list[Filed]] = {}
    for file in files:
        by_name.setdefault(file.name, []).append(file)
    several = {name: same for name, same in by_name.items() if len(same) > 1}
    torn = [name for name, same in several.items() if len({file.label for file in same}) > 1]
    if not several:
        return {file.name: file for file in files}, []
    told = (
        f"{len(torn):,} file names stand under two classes ({examples(_shown(several, torn), most=3)}), "
        f"{len(several) - len(torn):,} more than once under one"
    )
    if on_conflict == "error":
        fix = "mend the archive, or set on_conflict: drop or keep"
        why, problems = "One picture has one diagnosis", _shown(several, torn)
        raise InputError("archive", f"{place}: {told}", why, fix, problems)
    if on_conflict == "drop":
        left = {name: same[0] for name, same in by_name.items() if name not in set(torn)}
        return left, [f"{told}: {len(files) - len(left):,} files left out"]
    return _told_apart(by_name, place), [f"{told}: all kept"]


def _shown(several: dict[str, list[Filed]], names: list[str]) -> list[str]:
    return [f"{name}: {' and '.join(sorted({file.label for file in several[name]}))}" for name in names]


def _told_apart(by_name: dict[str, list[Filed]], place: str) -> dict[str, Filed]:
    """An image id for each file: its name, with class and part as far as needed."""
    images: dict[str, Filed] = {}
    for name, same in by_name.items():
        labels = [file.label for file in same]
        for file in same:
            image = name if len(same) == 1 else f"{name}-{file.label}"
            image += f"-{file.part}" if labels.count(file.label) > 1 else ""
            other = images.setdefault(image, file)
            if other is not file:
                what = f"{place} has several files for one image: {other.member} and {file.member}"
                raise InputError("archive", what, "It is not clear which one is meant", "keep one of them")
    return images


def _details(paths_to_tables) -> tuple[dict[str, dict[str, str]], list[str]]:
    """What an ISIC challenge's metadata say of each image id, without the mark of a smaller copy."""
    details, notices = {}, []
    for path in paths_to_tables:
        sheet = read_sheet(path)
        found, more = details_of(sheet)
        details |= {image.removesuffix(SMALLER): detail for image, detail in found.items()}
        notices += [*sheet.notices, *more]
    return details, notices


def _row(image: str, file: Filed, details: dict[str, dict[str, str]]) -> dict[str, str]:
    """One row of the table."""
    known = details.get(file.name.removesuffix(SMALLER), {})
    blank = dict.fromkeys(COLUMNS, "") | {"origin": "unknown"}
    return blank | known | {"image": image, "label": file.label, "official_part": file.part}


def _with_one_lesion_per_name(table: pd.DataFrame, images: dict[str, Filed]) -> pd.DataFrame:
    """Files of one name without a lesion id get their name for one: they show one picture."""
    names = table["image"].map(lambda image: images[image].name)
    alone = (table["lesion"] == "") & names.duplicated(keep=False)
    return table.assign(lesion=table["lesion"].where(~alone, names))


def _check_every_class(table: pd.DataFrame, classes: dict[str, str], place: str) -> None:
    empty = [folder for folder, label in classes.items() if label not in set(table["label"])]
    if empty:
        what = f"{place} has no pictures left of {examples(empty)}"
        fix = "check that the archive is complete; with on_conflict: drop, whole classes may go"
        raise InputError("archive", what, "A class without pictures cannot be taught", fix)


def _mixed_lesions(table: pd.DataFrame) -> list[str]:
    """A notice of the lesions that have two classes."""
    mixed = table[table["lesion"] != ""].groupby("lesion")["label"].nunique()
    mixed = mixed[mixed > 1].index.tolist()
    return [f"{len(mixed):,} lesions have two labels: {examples(mixed)}"] if mixed else []
