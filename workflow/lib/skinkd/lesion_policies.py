"""What a study does about images whose lesion is not known, or whose lesion has two labels."""

import pandas as pd

from skinkd.errors import InputError, examples


def judge_blank_lesions(table: pd.DataFrame, missing_group: str) -> tuple[pd.DataFrame, list[str]]:
    """The images that stay, and a notice that counts those without a lesion id.

    Args:
        table: columns `image` and `lesion`, text, '' where not known.
        missing_group: `own` makes each such image a lesion by itself, `drop` leaves it out, `error` refuses.

    Raises:
        InputError: with `error`, or where `drop` would leave nothing.
    """
    blank = table["lesion"] == ""
    if not blank.any():
        return table, []
    told = f"{blank.sum():,} of {len(table):,} images have no lesion id"
    if missing_group == "error" or (missing_group == "drop" and blank.all()):
        what = f"{told}: {examples(table.loc[blank, 'image'])}"
        why = "Nobody knows which of them show one lesion, so that a split may part them"
        raise InputError("archive", what, why, "name their lesions, or set missing_group: own")
    if missing_group == "drop":
        return table[~blank].reset_index(drop=True), [f"{told}: left out"]
    return table, [f"{told}: each counts as a lesion of its own"]


def judge_mixed_lesions(table: pd.DataFrame, on_mixed_lesion: str) -> tuple[pd.DataFrame, list[str]]:
    """The images that stay, and a notice where lesions with two labels are left out.

    Args:
        table: columns `lesion` and `label`, text, '' where not known.
        on_mixed_lesion: `error` refuses such lesions, `drop` leaves out all their images.

    Raises:
        InputError: with `error`, all of them counted and ten named.
    """
    lesions = table[table["lesion"] != ""].groupby("lesion")["label"].unique()
    mixed = {lesion: labels for lesion, labels in lesions.items() if len(labels) > 1}
    if not mixed:
        return table, []
    named = [f"{lesion} ({', '.join(sorted(labels))})" for lesion, labels in mixed.items()]
    told = f"{len(mixed):,} lesions have two labels: {examples(named)}"
    if on_mixed_lesion != "drop":
        fix = "mend their rows, or set on_mixed_lesion: drop to leave these lesions out"
        raise InputError("archive", told, "One lesion has one diagnosis", fix, named)
    torn = table["lesion"].isin(mixed)
    return table[~torn].reset_index(drop=True), [f"{told}; left out with their {torn.sum():,} images"]
