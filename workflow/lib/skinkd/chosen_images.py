"""Which pictures the report shows: drawn by a stated rule with a seed, never by hand.

Source of the rules: Wang et al., SSD-KD, MedIA 2023, Figure 5 and the text beside it; Khan et al.,
DSNet, arXiv:2210.08086, Figure 8.
"""

from dataclasses import dataclass

import numpy as np

from skinkd.augmentations import keys_of, uniform
from skinkd.errors import InputError
from skinkd.predictions import Predictions
from skinkd.tested_arms import check_same_images

# Classes of the tasks that are cancers or turn into one.
MALIGNANT = ("malignant", "MEL", "BCC", "AK", "SCC")


@dataclass(frozen=True)
class Rule:
    """One rule of a draw.

    Attributes:
        words: what qualifies an image.
        qualified: test images that do.
        shown: how many of them this rule brought into the report.
    """

    words: str
    qualified: int
    shown: int


@dataclass(frozen=True)
class Choice:
    """Images of a draw.

    Attributes:
        images: image ids, by rule, then class, then as drawn.
        by_rule: for each image, the index of the rule that brought it in.
        rules: the rules in the order in which they were tried.
        test_images: images that there are.
    """

    images: tuple[str, ...]
    by_rule: tuple[int, ...]
    rules: tuple[Rule, ...]
    test_images: int


def corrected_images(
    teacher: Predictions, student: Predictions, distilled: Predictions, *, pictures: int, seed: int
) -> Choice:
    """Images that the teacher and the distilled student get right and the student alone gets wrong.

    At most one per class first. Where these are too few, images follow that the distilled student gets
    right and both others wrong, then any other.

    Args:
        pictures: how many are wanted; fewer come only from fewer test images.
        seed: of the draw; an image's turn depends on the seed and its id alone.

    Raises:
        InputError: the runs were tested on different images.
    """
    # ASSUME: SSD-KD does not say how the pictures of Figure 5 were picked among those that qualify; ours
    # are drawn with a seed, one per class first, and the report says how many qualified.
    teacher, student, distilled = _tested_alike(teacher, student, distilled)
    corrected, taught = ~_right(student) & _right(distilled), _right(teacher)
    both = "the teacher and the distilled student are right, the student alone is wrong"
    distilled_only = "the distilled student is right, the teacher and the student alone are wrong"
    rules = [(both, corrected & taught, pictures), (distilled_only, corrected & ~taught, pictures)]
    return _draw(student, rules, pictures, seed)


def images_by_class(*runs: Predictions, pictures: int, seed: int) -> Choice:
    """Test images drawn from each class, equally many of each; the first classes have one more if need be.

    Whether they are predicted rightly plays no part.

    Args:
        runs: of the arms that will be shown; which images are drawn depends on none of them.
        pictures, seed: as in `corrected_images`.

    Raises:
        InputError: the runs were tested on different images.
    """
    # ASSUME: DSNet's Figure 8 shows random test images, all of them predicted rightly; ours are drawn with a
    # seed, equally many of each class, whatever is predicted.
    test = _tested_alike(*runs)[0]
    rules = [
        (f"a test image of {name}", test.labels == index, len(range(index, pictures, len(test.classes))))
        for index, name in enumerate(test.classes)
    ]
    return _draw(test, rules, pictures, seed)


def first_malignant(predictions: Predictions, *, seed: int) -> Choice:
    """The malignant test image whose turn is first; of all test images where none is malignant."""
    # ASSUME: DSNet does not say of which image Figure 6 shows the probabilities; ours is a malignant test
    # image drawn with a seed, beside the means over the test part.
    test = predictions.part("test")
    malignant = [index for index, name in enumerate(test.classes) if name in MALIGNANT]
    return _draw(test, [("a malignant test image", np.isin(test.labels, malignant), 1)], 1, seed)


def count_corrected(student: Predictions, distilled: Predictions, true_class: str, wrong_class: str) -> int:
    """Test images of a class that the student alone takes for another one and the distilled gets right.

    Wang et al. count 17 melanomas that were taken for benign keratoses (SSD-KD, section 3.7).

    Raises:
        InputError: the runs were tested on different images.
    """
    student, distilled = _tested_alike(student, distilled)
    true, wrong = student.classes.index(true_class), student.classes.index(wrong_class)
    taken_for = (student.labels == true) & (_predicted(student) == wrong)
    return int((taken_for & _right(distilled)).sum())


def count_all_corrected(student: Predictions, distilled: Predictions) -> dict[str, dict[str, int]]:
    """`count_corrected` of every pair of classes, by true class and then by the wrong one."""
    return {
        true: {
            wrong: count_corrected(student, distilled, true, wrong)
            for wrong in student.classes
            if wrong != true
        }
        for true in student.classes
    }


def _draw(test: Predictions, rules, pictures: int, seed: int) -> Choice:
    """At most `pictures` images by rules `(words, mask, most)`, at most `most` of each; then any others.

    Raises:
        InputError: there is no test image.
    """
    if not len(test):
        raise InputError(
            "pictures", f"{test.arm} has no test image", "There is nothing to show", "check its split"
        )
    turn = np.argsort(uniform(keys_of(test.images), 0, seed, 1)[:, 0], kind="stable")
    drawn: list[tuple[int, int]] = []
    said: list[Rule] = []
    for index, (words, mask, most) in enumerate([*rules, ("any other test image", None, pictures)]):
        taken = {row for _, row in drawn}
        waiting = [row for row in turn if row not in taken and (mask is None or mask[row])]
        new = _one_per_class_first(waiting, drawn, test.labels)[: min(most, pictures - len(drawn))]
        said.append(Rule(words, len(waiting), len(new)))
        drawn += [(index, row) for row in new]
    drawn.sort(key=lambda pair: (pair[0], test.labels[pair[1]]))
    return Choice(
        images=tuple(test.images[row] for _, row in drawn),
        by_rule=tuple(index for index, _ in drawn),
        rules=tuple(said),
        test_images=len(test),
    )


def _one_per_class_first(rows: list[int], drawn, labels: np.ndarray) -> list[int]:
    """The rows, those first whose class nothing before them has shown."""
    seen = {labels[row] for _, row in drawn}
    first, later = [], []
    for row in rows:
        (later if labels[row] in seen else first).append(row)
        seen.add(labels[row])
    return first + later


def _predicted(predictions: Predictions) -> np.ndarray:
    """The class with the largest logit, (n,)."""
    return predictions.logits.argmax(axis=1)


def _right(predictions: Predictions) -> np.ndarray:
    """Where the predicted class is the true one, (n,)."""
    return _predicted(predictions) == predictions.labels


def _tested_alike(*runs: Predictions) -> list[Predictions]:
    """The test images of each run, sorted by id.

    Raises:
        InputError: they are not the same images of the same task.
    """
    first, *others = [run.part("test") for run in runs]
    for other in others:
        check_same_images(f"predictions of {first.arm}", f"of {other.arm}", first, other)
    return [first, *others]
