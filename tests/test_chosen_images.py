"""Which pictures are shown follows from a rule, a seed and what was predicted, and from nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from skinkd.chosen_images import (
    corrected_images,
    count_all_corrected,
    count_corrected,
    first_malignant,
    images_by_class,
)
from skinkd.errors import InputError
from skinkd.predictions import Predictions
from skinkd.softened import softened

CLASSES = ("MEL", "NV", "BKL", "DF")
ANY = "any other test image"


def run(arm, labels, predicted, classes=CLASSES, parts=None, offset=0):
    """Predictions with a logit of 2 for the predicted class."""
    labels = np.asarray(labels)
    numbers = np.arange(offset, offset + len(labels))
    return Predictions(
        paper="p",
        protocol="leak_free",
        arm=arm,
        fold=0,
        seed=0,
        classes=classes,
        images=np.array([f"ISIC_{number:04}" for number in numbers], dtype=object),
        lesions=np.array([f"IL_{number:04}" for number in numbers], dtype=object),
        parts=np.array(parts or ["test"] * len(labels), dtype=object),
        labels=labels,
        logits=2.0 * np.eye(len(classes))[np.asarray(predicted)],
    )


def trio(n=240, seed=0, skill=(0.8, 0.5, 0.75)):
    """Teacher, student alone and distilled student on `n` images, each right with its own chance."""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % len(CLASSES)
    return [
        run(arm, labels, np.where(generator.random(n) < chance, labels, generator.integers(0, 4, n)))
        for arm, chance in zip(("teacher", "student", "distilled"), skill, strict=True)
    ]


def right(run):
    return dict(zip(run.images, run.logits.argmax(axis=1) == run.labels, strict=True))


def label_of(run):
    return dict(zip(run.images, run.labels, strict=True))


@pytest.mark.parametrize("pictures", [1, 4, 6, 20])
def test_pictures_show_what_only_the_student_alone_got_wrong(pictures):
    runs = trio()
    choice = corrected_images(*runs, pictures=pictures, seed=3)
    teacher, student, distilled = map(right, runs)
    qualified = [image for image in teacher if teacher[image] and distilled[image] and not student[image]]
    assert len(qualified) > 20
    assert len(set(choice.images)) == len(choice.images) == pictures
    assert set(choice.images) <= set(qualified)
    assert (choice.rules[0].qualified, choice.rules[0].shown) == (len(qualified), pictures)
    assert [rule.shown for rule in choice.rules[1:]] == [0, 0]
    labels = [label_of(runs[0])[image] for image in choice.images]
    assert len(set(labels)) == min(pictures, len(CLASSES))
    assert labels == sorted(labels)


@pytest.mark.parametrize("draw", [corrected_images, images_by_class])
def test_a_draw_depends_on_the_seed_and_on_no_order(draw):
    runs = trio()
    there = draw(*runs, pictures=6, seed=3)
    mixed = [run.rows(np.random.default_rng(place).permutation(len(run))) for place, run in enumerate(runs)]
    assert draw(*mixed, pictures=6, seed=3) == there
    assert draw(*runs, pictures=6, seed=4).images != there.images


def test_what_does_not_qualify_changes_no_draw():
    runs = trio()
    teacher, student, distilled = map(right, runs)
    keep = [teacher[image] and distilled[image] and not student[image] for image in runs[0].images]
    only = corrected_images(*(run.rows(np.array(keep)) for run in runs), pictures=6, seed=3)
    assert corrected_images(*runs, pictures=6, seed=3).images == only.images


def test_too_few_are_filled_up_by_the_next_rule_and_said_so():
    labels = [0, 1, 2, 3, 0, 1]
    teacher = run("teacher", labels, [0, 0, 2, 3, 0, 1])
    student = run("student", labels, [1, 0, 2, 3, 0, 0])
    distilled = run("distilled", labels, [0, 1, 2, 3, 0, 0])
    choice = corrected_images(teacher, student, distilled, pictures=4, seed=0)
    assert choice.images[:2] == ("ISIC_0000", "ISIC_0001")
    assert choice.by_rule == (0, 1, 2, 2)
    assert [(rule.qualified, rule.shown) for rule in choice.rules] == [(1, 1), (1, 1), (4, 2)]
    assert choice.rules[2].words == ANY
    # Of the other four, two classes have not been shown, and they come first.
    assert {label_of(student)[image] for image in choice.images[2:]} == {2, 3}


def test_fewer_test_images_than_wanted_are_all_shown():
    choice = corrected_images(*trio(n=5), pictures=9, seed=0)
    assert sorted(choice.images) == [f"ISIC_{number:04}" for number in range(5)]
    assert choice.test_images == 5


@pytest.mark.parametrize(("pictures", "of_each"), [(8, [4, 4]), (3, [2, 1]), (1, [1, 0])])
def test_classes_have_equally_many_pictures(pictures, of_each):
    labels = [0] * 30 + [1] * 12
    predictions = run("dsnet", labels, [0] * 42, classes=("benign", "malignant"))
    choice = images_by_class(predictions, pictures=pictures, seed=1)
    shown = [label_of(predictions)[image] for image in choice.images]
    assert shown == [0] * of_each[0] + [1] * of_each[1]
    assert [rule.qualified for rule in choice.rules[:2]] == [30, 12]
    assert choice.rules[2].shown == 0


def test_what_is_predicted_does_not_decide_which_pictures_of_a_class_are_shown():
    labels = np.arange(60) % 4
    drawn = {
        images_by_class(run("a", labels, said), pictures=8, seed=1).images for said in (labels, labels[::-1])
    }
    assert len(drawn) == 1


def test_a_class_that_is_too_small_is_filled_up_from_the_others():
    predictions = run("dsnet", [0] * 30 + [1] * 2, [0] * 32, classes=("benign", "malignant"))
    choice = images_by_class(predictions, pictures=8, seed=1)
    assert [(rule.qualified, rule.shown) for rule in choice.rules] == [(30, 4), (2, 2), (26, 2)]


def test_only_test_images_are_drawn_and_counted():
    parts = ["test", "validation", "train"] * 80
    runs = [replace(run, parts=np.array(parts, dtype=object)) for run in trio()]
    tested = {f"ISIC_{number:04}" for number in range(0, 240, 3)}
    assert set(corrected_images(*runs, pictures=99, seed=0).images) <= tested
    only = [run.rows(run.parts == "test") for run in runs]
    assert count_all_corrected(*runs[1:]) == count_all_corrected(*only[1:])


@pytest.mark.parametrize("classes", [("benign", "malignant"), ("NV", "MEL")])
def test_the_first_malignant_picture_is_malignant(classes):
    predictions = run("a", np.arange(20) % 2, [0] * 20, classes=classes)
    drawn = {first_malignant(predictions, seed=seed).images for seed in range(10)}
    assert len(drawn) > 1
    assert all(label_of(predictions)[image] == 1 for (image,) in drawn)


def test_melanomas_taken_for_keratoses_by_the_student_alone_are_counted():
    """17 among melanomas of other fates and lesions of other classes: the count that SSD-KD's text prints."""
    fates = [(0, 2, 0)] * 17 + [(0, 2, 2)] * 5 + [(0, 1, 0)] * 3 + [(0, 0, 0)] * 40 + [(2, 0, 2)] * 8
    labels, alone, taught = map(list, zip(*fates, strict=True))
    student, distilled = run("student", labels, alone), run("distilled", labels, taught)
    assert count_corrected(student, distilled, "MEL", "BKL") == 17
    assert count_corrected(student, distilled, "BKL", "MEL") == 8
    assert count_corrected(distilled, student, "MEL", "BKL") == 0


def test_counts_of_all_pairs_add_up_to_what_was_corrected():
    _, student, distilled = trio()
    counts = count_all_corrected(student, distilled)
    assert {(true, wrong) for true, row in counts.items() for wrong in row} == {
        (true, wrong) for true in CLASSES for wrong in CLASSES if true != wrong
    }
    alone, taught = right(student), right(distilled)
    expected = sum(taught[image] and not alone[image] for image in alone)
    assert sum(sum(row.values()) for row in counts.values()) == expected > 0


@pytest.mark.parametrize(
    "other",
    [
        run("other", [0, 1, 2, 3], [0, 1, 2, 3], offset=1),
        run("other", [0, 1, 2, 2], [0, 1, 2, 3]),
        run("other", [0, 1, 2, 3], [0, 1, 2, 3], classes=CLASSES[::-1]),
    ],
    ids=["images", "labels", "classes"],
)
def test_runs_on_other_images_are_refused(other):
    one = run("one", [0, 1, 2, 3], [0, 1, 2, 3])
    with pytest.raises(InputError, match="predictions of one and of other"):
        corrected_images(one, one, other, pictures=1, seed=0)
    with pytest.raises(InputError, match="predictions of one and of other"):
        count_corrected(one, other, "MEL", "BKL")


def test_no_test_image_is_refused():
    nothing = run("one", [0, 1], [0, 1], parts=["validation", "train"])
    with pytest.raises(InputError, match="one has no test image"):
        images_by_class(nothing, pictures=2, seed=0)


# softened probabilities


SURE = np.array([[-800.0, 800.0]])


@pytest.mark.parametrize(
    ("temperature", "expected"), [(1, (0.269, 0.731)), (3, (0.417, 0.583)), (10, (0.475, 0.525))]
)
def test_probabilities_taken_for_logits_are_those_that_the_paper_prints(temperature, expected):
    found = softened(SURE, [temperature])
    assert found["probabilities"][0, 0] == pytest.approx(expected, abs=5e-4)
    assert found["logits"][0, 0] == pytest.approx([0, 1])


def test_logits_are_softened_by_their_temperature():
    logits = np.log([[1.0, 8.0, 64.0]])
    found = softened(logits, [1, 3, 1e9])["logits"][:, 0]
    np.testing.assert_allclose(found[0], np.array([1, 8, 64]) / 73)
    np.testing.assert_allclose(found[1], np.array([1, 2, 4]) / 7)
    np.testing.assert_allclose(found[2], 1 / 3, rtol=1e-6)


def test_every_reading_gives_probabilities_at_every_temperature():
    logits = np.random.default_rng(0).normal(0, 5, (9, 4))
    for table in softened(logits, [1, 3, 10]).values():
        assert table.shape == (3, 9, 4)
        np.testing.assert_allclose(table.sum(axis=2), 1)
        assert (np.diff(table.max(axis=2), axis=0) < 0).all()
        np.testing.assert_array_equal(table.argmax(axis=2), np.tile(logits.argmax(axis=1), (3, 1)))
