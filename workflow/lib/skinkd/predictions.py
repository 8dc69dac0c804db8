"""Prediction files: what a model said of each image. Every score starts here; none loads a model."""

import csv
from dataclasses import dataclass, replace

import numpy as np

from skinkd.atomic import whole
from skinkd.errors import InputError, examples
from skinkd.strict_csv import read_sheet

RUN = ("paper", "protocol", "arm", "fold", "seed")
COLUMNS = (*RUN, "image", "lesion", "part", "label")
PER_IMAGE = ("images", "lesions", "parts", "labels", "logits")
PARTS = ("train", "validation", "test")
LOGIT = "logit_"
REMAKE = "delete the file and run again: the job that writes it repeats"


@dataclass(frozen=True)
class Predictions:
    """One run's logits.

    Args:
        images, lesions, parts: (n,) strings; parts are `train`, which most runs leave out,
            `validation` or `test`.
        labels: (n,) int64, index in `classes` of the true class.
        logits: (n, C) float64, columns in the order of `classes`.
    """

    paper: str
    protocol: str
    arm: str
    fold: int
    seed: int
    classes: tuple[str, ...]
    images: np.ndarray
    lesions: np.ndarray
    parts: np.ndarray
    labels: np.ndarray
    logits: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def rows(self, chosen: np.ndarray) -> "Predictions":
        """The images at `chosen`, indices or a mask (n,)."""
        return replace(self, **{column: getattr(self, column)[chosen] for column in PER_IMAGE})

    def part(self, *names: str) -> "Predictions":
        """The images of these parts, sorted by image id, so that no result depends on the order of rows."""
        chosen = np.flatnonzero(np.isin(self.parts, names))
        return self.rows(chosen[np.argsort(self.images[chosen], kind="stable")])


def write_predictions(path, predictions: Predictions) -> None:
    """Write one run's logits, atomically, with nine significant digits: float32 survives them unchanged.

    Raises:
        InputError: where a logit is not a finite number.
    """
    _check_finite(path, predictions)
    run = [getattr(predictions, column) for column in RUN]
    names = [predictions.classes[label] for label in predictions.labels]
    with whole(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*COLUMNS, *(LOGIT + name for name in predictions.classes)])
        records = zip(
            predictions.images, predictions.lesions, predictions.parts, names, predictions.logits, strict=True
        )
        for *words, logits in records:
            writer.writerow([*run, *words, *(f"{logit:.9g}" for logit in logits)])


def _check_finite(path, predictions: Predictions) -> None:
    """Write no logits that no reader would take, and that another run of the same job would not mend."""
    wild = predictions.images[~np.isfinite(predictions.logits).all(axis=1)]
    if len(wild):
        raise InputError(
            "predictions",
            f"the network's logits of {len(wild)} of {len(predictions)} images are not finite numbers, "
            f"so {path} is not written: {examples(wild)}",
            "Its scores would be wrong",
            "look at these images, lower training.optimizer.learning_rate, "
            "or set device.precision to float32",
        )


def read_predictions(path, classes=None) -> Predictions:
    """One run's logits, checked.

    Args:
        classes: if given, the classes that the file must hold, in this order.

    Raises:
        InputError: for missing columns, classes in another order, no row, two runs in one
            file, repeated images, unknown labels or parts, logits that are not finite
            numbers. All problems are named at once.
    """
    table = _table_of(path)
    found = tuple(column.removeprefix(LOGIT) for column in table if column.startswith(LOGIT))
    if what := _problems_of_classes(found, classes):
        raise _refused(path, what)
    if kinds := _problems_of_rows(table, found):
        what = "; ".join(f"{kind}: {examples(values)}" for kind, values in kinds.items())
        every = [f"{kind}: {value}" for kind, values in kinds.items() for value in values]
        raise _refused(path, what, every)
    logits = np.array([_numbers(table[LOGIT + name]) for name in found]).T
    return Predictions(
        *(table[column][0] for column in ("paper", "protocol", "arm")),
        fold=int(table["fold"][0]),
        seed=int(table["seed"][0]),
        classes=found,
        images=np.array(table["image"], dtype=object),
        lesions=np.array(table["lesion"], dtype=object),
        parts=np.array(table["part"], dtype=object),
        labels=np.array([found.index(label) for label in table["label"]], dtype=np.int64),
        logits=logits,
    )


def _refused(path, what: str, problems=()) -> InputError:
    return InputError("predictions", f"{path}: {what}", "Its scores would be wrong", REMAKE, problems)


def _table_of(path) -> dict[str, list[str]]:
    """Columns of the csv file, as they are written."""
    sheet = read_sheet(path)
    missing = [column for column in COLUMNS if column not in sheet.header]
    if missing:
        raise _refused(path, f"no column {', '.join(missing)}")
    if not sheet.rows:
        raise _refused(path, "no row below the header")
    return {column: [row[column] for row in sheet.rows] for column in sheet.header}


def _problems_of_classes(found: tuple[str, ...], wanted) -> str:
    """What is wrong with the classes, empty if nothing."""
    if len(found) < 2:
        return f"{len(found)} columns {LOGIT}…, at least 2 are needed"
    if wanted is not None and found != tuple(wanted):
        return f"classes {', '.join(found)}, not {', '.join(wanted)}, in this order"
    return ""


def _problems_of_rows(table: dict[str, list[str]], classes: tuple[str, ...]) -> dict[str, list[str]]:
    """What is wrong, by its kind."""
    images = table["image"]
    logits = np.array([_numbers(table[LOGIT + name]) for name in classes]).T
    runs = {column: sorted(set(table[column])) for column in RUN}
    values, times = np.unique(np.array(images), return_counts=True)
    kinds = {
        "logits that are not finite numbers": [
            image for image, row in zip(images, logits, strict=True) if not np.isfinite(row).all()
        ],
        "images that stand more than once": values[times > 1],
        "unknown labels": sorted(set(table["label"]) - set(classes)),
        "unknown parts": sorted(set(table["part"]) - set(PARTS)),
        "more than one run": [f"{column} {examples(seen)}" for column, seen in runs.items() if len(seen) > 1],
        "folds or seeds that are not whole numbers": [
            text for column in ("fold", "seed") for text in runs[column] if not text.isdecimal()
        ],
    }
    return {kind: found for kind, found in kinds.items() if len(found)}


def _numbers(texts: list[str]) -> list[float]:
    """Numbers as they are written; NaN for what is not one."""
    try:
        return [float(text) for text in texts]
    except ValueError:
        return [_number(text) for text in texts]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
