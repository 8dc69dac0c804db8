"""What all runs of one arm said of the same images, put side by side."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from skinkd.errors import InputError, examples
from skinkd.predictions import PARTS, PER_IMAGE, Predictions, read_predictions


@dataclass(frozen=True)
class Arm:
    """What the models of one arm said of its test images, or of all, sorted by image id.

    Args:
        runs: (fold, seed) of each file, sorted.
        images, lesions: (n,) strings.
        labels: (n,) class indices.
        logits: one entry per seed, (models, n, C): a model per fold where each fold's model
            saw all of them; a single row where each image was tested in one fold.
    """

    paper: str
    protocol: str
    arm: str
    classes: tuple[str, ...]
    runs: tuple[tuple[int, int], ...]
    images: np.ndarray
    lesions: np.ndarray
    labels: np.ndarray
    logits: tuple[np.ndarray, ...]


def read_runs(paths, read=read_predictions) -> list[tuple[str, Predictions]]:
    """The files of one arm with what they hold, by seed and fold.

    Args:
        read: gives what a file holds.

    Raises:
        InputError: where two files do not belong to one arm or do not fit together; names both.
    """
    files = sorted(((path, read(path)) for path in paths), key=lambda file: (file[1].seed, file[1].fold))
    _check_one_arm(files)
    return files


def tested(files) -> Arm:
    """An arm on its test images.

    Folds with the same test images are so many models of the same images. Folds with
    different test images are cross-validation: they are pooled, seed by seed.

    Args:
        files: from `read_runs`.

    Raises:
        InputError: where two files hold test images or labels that do not fit together; names both.
    """
    return _arm_of([(path, _test_part(path, run)) for path, run in files])


def evaluated_on_everything(files) -> Arm | None:
    """An arm on all images of the archive that it used, training images too; None if no file holds those.

    Raises:
        InputError: where two files hold images that do not fit together; names both.
    """
    if not any((run.parts == "train").any() for _, run in files):
        return None
    return _arm_of([(path, run.part(*PARTS)) for path, run in files])


def _arm_of(files) -> Arm:
    """The arm whose files hold these images."""
    seeds = sorted({run.seed for _, run in files})
    by_seed = [_models_of([file for file in files if file[1].seed == seed]) for seed in seeds]
    first_path, (first, *_) = by_seed[0]
    for path, models in by_seed[1:]:
        check_same_images(first_path, path, first, models[0])
    return Arm(
        paper=first.paper,
        protocol=first.protocol,
        arm=first.arm,
        classes=first.classes,
        runs=tuple(sorted((run.fold, run.seed) for _, run in files)),
        images=first.images,
        lesions=first.lesions,
        labels=first.labels,
        logits=tuple(np.stack([model.logits for model in models]) for _, models in by_seed),
    )


def check_same_images(path, other_path, run, other) -> None:
    """Both must hold the same images of the same task, with the same labels and lesions.

    Raises:
        InputError: naming both files and what disagrees.
    """
    _check_same_words(path, other_path, run, other, ("paper", "protocol", "classes"))
    alone = sorted(set(run.images) ^ set(other.images))
    if alone:
        raise _unfit(path, other_path, f"images that only one of them holds: {examples(alone)}", alone)
    for column in ("labels", "lesions"):
        differs = getattr(run, column) != getattr(other, column)
        if differs.any():
            torn = run.images[differs]
            raise _unfit(path, other_path, f"different {column} of {examples(torn)}", torn)


def _unfit(path, other_path, what: str, problems=()) -> InputError:
    return InputError(
        "predictions",
        f"{path} and {other_path}: {what}",
        "Their scores could not be compared",
        "make all predictions of the study from the same split",
        problems,
    )


def _test_part(path, run: Predictions) -> Predictions:
    part = run.part("test")
    if not len(part):
        raise InputError(
            "predictions", f"{path} has no test image", "There is nothing to score", "check its split"
        )
    return part


def _check_same_words(path, other_path, run, other, columns) -> None:
    for column in columns:
        mine, theirs = getattr(run, column), getattr(other, column)
        if mine != theirs:
            raise _unfit(path, other_path, f"{column} {mine} and {theirs}")


def _check_one_arm(files) -> None:
    (first_path, first), *others = files
    for path, run in others:
        _check_same_words(first_path, path, first, run, ("paper", "protocol", "arm", "classes"))
    for (path, run), (other_path, other) in combinations(files, 2):
        if (run.fold, run.seed) == (other.fold, other.seed):
            raise _unfit(path, other_path, f"both are fold {run.fold}, seed {run.seed}")
    folds = {
        seed: [run.fold for _, run in files if run.seed == seed] for seed in {run.seed for _, run in files}
    }
    for path, run in others:
        if folds[run.seed] != folds[first.seed]:
            raise _unfit(
                first_path,
                path,
                f"seed {first.seed} has the folds {folds[first.seed]}, seed {run.seed} {folds[run.seed]}",
            )


def _models_of(files) -> tuple[str, list[Predictions]]:
    """The first file of one seed, and its folds as models of the same images, or pooled."""
    (first_path, first), *others = files
    same = [set(run.images) == set(first.images) for _, run in others]
    if others and not any(same):
        return first_path, [_pooled(files)]
    for path, run in others:
        check_same_images(first_path, path, first, run)
    return first_path, [run for _, run in files]


def _pooled(files) -> Predictions:
    """The folds of one seed as one run, whose images are those of all folds."""
    for (path, run), (other_path, other) in combinations(files, 2):
        shared = sorted(set(run.images) & set(other.images))
        if shared:
            what = f"folds that share a part of their images: {examples(shared)}"
            raise _unfit(path, other_path, what, shared)
    runs = [run for _, run in files]
    together = {column: np.concatenate([getattr(run, column) for run in runs]) for column in PER_IMAGE}
    return replace(runs[0], **together).part(*PARTS)
