"""The tables of an ISIC 2019 archive, read strictly: one label per image, one row per image."""

from collections import Counter
from difflib import get_close_matches

import pandas as pd

from skinkd.atomic import digest_of
from skinkd.errors import InputError, examples
from skinkd.lesion_policies import judge_blank_lesions, judge_mixed_lesions
from skinkd.readers import ArchiveTables
from skinkd.strict_csv import Sheet, read_sheet

CLASSES = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC")
UNKNOWN = "UNK"
METADATA = {
    "image": "image",
    "lesion": "lesion_id",
    "age": "age_approx",
    "sex": "sex",
    "site": "anatom_site_general",
}
COLUMNS = ("image", "lesion", "label", "age", "sex", "site", "origin")
ORIGINS = ("HAM", "BCN", "MSK")


def read_archive_tables(
    path_to_ground_truth,
    path_to_metadata,
    *,
    unknown: str = "error",
    missing_group: str = "own",
    on_mixed_lesion: str = "error",
) -> ArchiveTables:
    """Join an archive's one-hot ground truth with its metadata, in the order of the metadata.

    Args:
        path_to_ground_truth: csv with `image`, the eight `CLASSES` and perhaps `UNK`, each 0 or 1.
        path_to_metadata: csv with `image`, `lesion_id`, `age_approx` in years, `sex`, `anatom_site_general`.
        unknown: `error` refuses images of class UNK, `drop` leaves them out and says so.
        missing_group: `own`, `drop` or `error`, for images without a lesion id.
        on_mixed_lesion: `error` or `drop`, for lesions with two labels.

    Raises:
        InputError: unreadable table, wrong columns, a row without exactly one class, an image or a
            lesion with two labels, a blank lesion id where that is an error, an image in only one table.
    """
    truth, metadata = read_sheet(path_to_ground_truth), read_sheet(path_to_metadata)
    labels, label_notices = _labels_of(truth, unknown)
    details, detail_notices = details_of(metadata)
    _check_same_images(labels, details, truth.name, metadata.name)
    table = pd.DataFrame(
        [{"label": labels[image], **detail} for image, detail in details.items()],
        columns=list(COLUMNS),
        dtype=str,
    )
    table = table[table["label"] != UNKNOWN].reset_index(drop=True)
    table, mixed = judge_mixed_lesions(table, on_mixed_lesion)
    table, blank = judge_blank_lesions(table, missing_group)
    notices = (*truth.notices, *metadata.notices, *label_notices, *detail_notices, *mixed, *blank)
    return ArchiveTables(table, notices, CLASSES, digest_of(path_to_ground_truth))


def origin_of(lesion: str) -> str:
    """Where a lesion was seen, by the prefix of its id: HAM, BCN, MSK or unknown."""
    return next((origin for origin in ORIGINS if lesion.startswith(origin)), "unknown")


def _labels_of(sheet: Sheet, unknown: str) -> tuple[dict[str, str], list[str]]:
    """Label of each image id, and notices."""
    _check_columns(sheet, ("image", *CLASSES))
    extra = sorted(set(sheet.header) - {"image", *CLASSES, UNKNOWN})
    if extra:
        what = f"{sheet.name} has unknown columns: {examples(extra)}"
        why = f"A class that is not known cannot be taught; known are {', '.join((*CLASSES, UNKNOWN))}"
        raise InputError("archive", what, why, "remove the columns or rename them")
    problems = [
        p for n, row in zip(sheet.numbers, sheet.rows, strict=True) if (p := _problem_of_truth(n, row))
    ]
    _refuse(problems, sheet.name, "Each image needs exactly one class", "mend these rows")
    named = [{"image": row["image"], "label": _chosen(row)[0]} for row in sheet.rows]
    rows, notices = _collapsed(sheet, named)
    labels = {row["image"]: row["label"] for row in rows}
    unknowns = [image for image, label in labels.items() if label == UNKNOWN]
    if unknowns and unknown != "drop":
        what = f"{sheet.name} has {len(unknowns):,} images of class UNK: {examples(unknowns)}"
        raise InputError(
            "archive", what, "No paper teaches that class", "set unknown: drop to leave them out", unknowns
        )
    return labels, [*notices, *([f"dropped {len(unknowns):,} images of class UNK"] if unknowns else [])]


def _chosen(row: dict[str, str]) -> list[str]:
    """The classes that a ground-truth row sets to 1."""
    return [label for label in (*CLASSES, UNKNOWN) if float(row.get(label, "0")) == 1]


def _problem_of_truth(number: int, row: dict[str, str]) -> str:
    """What is wrong with a ground-truth row, '' if nothing."""
    if problem := _problem_of_id(row["image"]):
        return f"row {number}: {problem}"
    cells = {label: row[label] for label in (*CLASSES, UNKNOWN) if label in row}
    odd = [f"{label} is '{cell}'" for label, cell in cells.items() if not _is_zero_or_one(cell)]
    if odd:
        return f"row {number}: {', '.join(odd)}, not 0 or 1"
    chosen = _chosen(row)
    return (
        ""
        if len(chosen) == 1
        else f"row {number}: one-hot sums to {len(chosen)} ({', '.join(chosen) or 'no class'})"
    )


def _problem_of_id(image: str) -> str:
    """Ids become names in an archive and lines in a log."""
    if not image:
        return "image id is blank"
    if not image.isprintable() or "/" in image or "\\" in image:
        return f"image id {image!r} has a slash or a control character"
    return ""


def _is_zero_or_one(cell: str) -> bool:
    try:
        return float(cell) in (0, 1)
    except ValueError:
        return False


def details_of(sheet: Sheet) -> tuple[dict[str, dict[str, str]], list[str]]:
    """What an archive's metadata say of each image id, by our column names, and notices.

    Raises:
        InputError: wrong columns, a blank or unsafe image id, rows that contradict each other.
    """
    names, notices = _metadata_names(sheet)
    _check_columns(sheet, tuple(names.values()))
    problems = [
        f"row {n}: {p}"
        for n, row in zip(sheet.numbers, sheet.rows, strict=True)
        if (p := _problem_of_id(row["image"]))
    ]
    _refuse(problems, sheet.name, "An image is found by its id", "mend these rows")
    ignored = sorted(set(sheet.header) - set(names.values()))
    if ignored:
        notices.append(f"{sheet.name}: ignored columns {examples(ignored)}")
    renamed = [{ours: row[theirs] for ours, theirs in names.items()} for row in sheet.rows]
    rows, collapsed = _collapsed(sheet, renamed)
    cleaned, blanked = _without_impossible_values(rows)
    return {row["image"]: row for row in cleaned}, [*notices, *collapsed, *blanked]


def _metadata_names(sheet: Sheet) -> tuple[dict[str, str], list[str]]:
    """Our column names to the sheet's, and a notice where they are not the official ones."""
    if "sex" not in sheet.header and "gender" in sheet.header:
        return METADATA | {"sex": "gender"}, [f"{sheet.name}: column gender taken as sex"]
    return dict(METADATA), []


def _without_impossible_values(rows: list[dict[str, str]]) -> tuple[list[dict[str, str]], list[str]]:
    """The rows with origin, and with ages and sexes that cannot be made blank; notices count them."""
    checked = [
        row
        | {
            "age": row["age"] if _is_age(row["age"]) else "",
            "sex": row["sex"] if row["sex"] in ("male", "female") else "",
            "origin": origin_of(row["lesion"]),
        }
        for row in rows
    ]
    changed = Counter(
        column
        for old, new in zip(rows, checked, strict=True)
        for column in ("age", "sex")
        if old[column] != new[column]
    )
    meaning = {"age": "is no number from 0 to 120", "sex": "is neither male nor female"}
    notices = [
        f"blanked {column} of {n:,} images: it {meaning[column]}" for column, n in sorted(changed.items())
    ]
    gaps = Counter(
        row["lesion"] for row in rows if row["lesion"].lower() in ("nan", "na", "n/a", "none", "null")
    )
    notices += [
        f"{n:,} images have the lesion id '{lesion}', taken as one lesion" for lesion, n in gaps.items()
    ]
    return checked, notices


def _is_age(cell: str) -> bool:
    try:
        return 0 <= float(cell) <= 120
    except ValueError:
        return False


def _check_columns(sheet: Sheet, needed: tuple[str, ...]) -> None:
    missing = [column for column in needed if column not in sheet.header]
    if missing:
        near = [(column, get_close_matches(column, sheet.header, n=1, cutoff=0.5)) for column in missing]
        hints = [f"{column} (is it '{match[0]}'?)" if match else column for column, match in near]
        what = f"{sheet.name} lacks the columns {examples(hints)}; it has {examples(sheet.header)}"
        raise InputError(
            "archive", what, "They say what is on an image", "use the official ISIC 2019 column names"
        )


def _collapsed(sheet: Sheet, rows: list[dict[str, str]]) -> tuple[list[dict[str, str]], list[str]]:
    """One row per image; rows that repeat another are left out, rows that contradict one are refused."""
    first: dict[str, tuple[int, dict[str, str]]] = {}
    problems, n_repeated = [], 0
    for number, row in zip(sheet.numbers, rows, strict=True):
        before_number, before = first.setdefault(row["image"], (number, row))
        if before != row:
            differing = ", ".join(
                f"{key} '{before[key]}' and '{row[key]}'" for key in row if row[key] != before[key]
            )
            problems.append(f"{row['image']} in rows {before_number} and {number} ({differing})")
        elif before is not row:
            n_repeated += 1
    _refuse(problems, sheet.name, "An image cannot be two things", "keep the right row of each")
    notices = [f"{sheet.name}: left out {n_repeated:,} repeated rows"] if n_repeated else []
    return [row for _, row in first.values()], notices


def _refuse(problems: list[str], name: str, why: str, fix: str) -> None:
    if problems:
        what = f"{name}: {len(problems):,} bad rows: {examples(problems)}"
        raise InputError("archive", what, why, fix, problems)


def _check_same_images(labels, details, truth_name: str, metadata_name: str) -> None:
    without_details = [image for image in labels if image not in details]
    without_label = [image for image in details if image not in labels]
    found = [
        f"{len(images):,} images of {have} are not in {lack} ({examples(images)})"
        for images, have, lack in (
            (without_details, truth_name, metadata_name),
            (without_label, metadata_name, truth_name),
        )
        if images
    ]
    if found:
        raise InputError(
            "archive",
            "; ".join(found),
            "Both tables must describe the same images",
            "take both from one archive",
            [*without_details, *without_label],
        )
