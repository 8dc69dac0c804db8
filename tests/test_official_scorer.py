"""The metrics equal those of the scorer of the ISIC challenges, and where they do not, it is on purpose.

The scorer decides each class by itself, at a probability of 0.5; we take the most probable class. Both decide
alike where one class always has more than half, as in the pictures of `sure`.
"""

import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

from skinkd.isic import CLASSES
from skinkd.metrics import evaluate, softmax
from skinkd.operating_points import readings
from skinkd.predictions import Predictions, read_predictions, write_predictions

# It was written for an older pandas, and is told so.
pytestmark = pytest.mark.filterwarnings("ignore")
EXACT = 1e-9
# The scorer's names of what one class against the rest is called here.
NAMES = {"sensitivity": "recall", "specificity": "specificity", "dice": "f1", "auc": "auc"}
GIVEN_AWAY = {"ppv": "precision", "npv": "negative_predictive_value"}


@pytest.fixture(scope="module")
def scorer():
    """The scorer's package, without the extension that unpacks submissions: it would have to be compiled."""
    before = sys.modules.setdefault("zipfile_deflate64", zipfile)
    import isic_challenge_scoring

    yield isic_challenge_scoring
    if before is zipfile:
        del sys.modules["zipfile_deflate64"]


def drawn(seed, n_classes=8, n=120, scale=1.0):
    """Labels with every class, logits, and weights from 0 to 3 that lose no class."""
    generator = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(n_classes), generator.integers(n_classes, size=n - n_classes)])
    logits = generator.normal(size=(n, n_classes)) + 1.2 * np.eye(n_classes)[labels]
    weights = generator.integers(4, size=n)
    weights[:n_classes] = 1
    return labels, without_a_tie_at_the_top(logits) * scale, weights


def without_a_tie_at_the_top(logits):
    """The scorer counts an undecided image as wrong, we take the first class: one of them goes ahead."""
    ahead = np.eye(logits.shape[1])[logits.argmax(axis=1)]
    return logits + 0.5 * ahead


def sure(seed, **how):
    """The same with more than half of the probability on one class."""
    labels, logits, weights = drawn(seed, scale=20.0, **how)
    assert (softmax(logits).max(axis=1) > 0.5).all()
    return labels, logits, weights


def tables(labels, logits):
    """Truth and submission as the scorer has them: a column for each class."""
    names = list(CLASSES[: logits.shape[1]])
    return tuple(
        pd.DataFrame(values, columns=names) for values in (np.eye(len(names))[labels], softmax(logits))
    )


def scored(scorer, labels, logits, weights=None):
    """What the scorer says of them."""
    truth, said = tables(labels, logits)
    weight = np.ones(len(labels)) if weights is None else weights.astype(float)
    weights = pd.DataFrame({"score_weight": weight, "validation_weight": weight})
    return scorer.ClassificationScore(truth, said, weights, scorer.ClassificationMetric.BALANCED_ACCURACY)


def assert_equal(found, expected, name):
    np.testing.assert_allclose(found, expected, rtol=0, atol=EXACT, err_msg=name)


@pytest.mark.parametrize("n_classes", [2, 3, 8])
@pytest.mark.parametrize("seed", range(3))
def test_rankings_and_balanced_accuracy_equal_the_scorers(scorer, seed, n_classes):
    """With ties among the scores of a class, and images that stand for several or for none."""
    labels, logits, weights = drawn(seed, n_classes)
    logits = logits[np.random.default_rng(seed).integers(len(labels) // 3, size=len(labels))]
    found, theirs = evaluate(labels, logits, weights[None]), scored(scorer, labels, logits, weights)
    assert_equal(found.by_class["auc"][0], theirs.per_category["auc"], "auc")
    assert_equal(found.overall["auc"][0], theirs.macro_average["auc"], "mean auc")
    assert_equal(found.overall["map"][0], theirs.macro_average["ap"], "mean average precision")
    assert_equal(found.overall["balanced_accuracy"][0], theirs.overall, "balanced accuracy")


@pytest.mark.parametrize("n_classes", [2, 3, 8])
@pytest.mark.parametrize("seed", range(3))
def test_decisions_equal_the_scorers(scorer, seed, n_classes):
    labels, logits, weights = sure(seed, n_classes=n_classes)
    found, theirs = evaluate(labels, logits, weights[None]), scored(scorer, labels, logits, weights)
    assert np.bincount(logits.argmax(axis=1), weights, n_classes).all(), "a class was never predicted"
    for their_name, name in (NAMES | GIVEN_AWAY).items():
        assert_equal(found.by_class[name][0], theirs.per_category[their_name], name)
    assert_equal(found.overall["balanced_accuracy"][0], theirs.overall, "balanced accuracy")
    assert_equal(found.overall["f1_macro"][0], theirs.macro_average["dice"], "macro F1")
    assert_equal(found.overall["macro_precision"][0], theirs.macro_average["ppv"], "macro precision")


def test_what_is_never_predicted_has_a_precision_of_zero_and_not_of_one(scorer):
    labels, logits, _ = sure(0)
    logits[:, 2] -= 1000
    found, theirs = evaluate(labels, logits).by_class, scored(scorer, labels, logits).per_category
    assert (found["precision"][0, 2], theirs["ppv"].iloc[2]) == (0.0, 1.0)
    others = np.arange(8) != 2
    assert_equal(found["precision"][0][others], theirs["ppv"][others], "precision")
    for their_name, name in NAMES.items():
        assert_equal(found[name][0], theirs[their_name], name)


def test_an_absent_class_is_undefined_and_no_gift(scorer):
    """The scorer calls its sensitivity perfect, takes the mean over the others, and cannot rank at all."""
    labels, logits, _ = sure(1)
    labels[labels == 3] = 0
    truth, said = tables(labels, logits)
    with pytest.raises(ValueError, match="empty"):
        scored(scorer, labels, logits)
    found = evaluate(labels, logits)
    none = {"TP": 0, "FN": 0, "TN": 110, "FP": 10}
    assert scorer.metrics.binary_sensitivity(pd.Series(none)) == 1.0
    for name in ("recall", "f1", "auc", "specificity"):
        assert np.isnan(found.by_class[name][0, 3]), name
    for name in ("balanced_accuracy", "auc", "map"):
        assert np.isnan(found.overall[name][0]), name
    theirs = scorer.metrics.balanced_multiclass_accuracy(truth, said, pd.Series(np.ones(len(labels))))
    assert_equal(np.nanmean(found.by_class["recall"][0]), theirs, "mean over the others")


def test_two_largest_logits_decide_for_the_first_class_and_not_for_none(scorer):
    labels = np.array([0, 1, 1, 0])
    logits = np.array([[2.0, 2.0], [0.0, 1.0], [1.0, 2.0], [2.0, 0.0]])
    assert evaluate(labels, logits).overall["balanced_accuracy"][0] == 1.0
    assert scored(scorer, labels, logits).overall == 0.75


def test_files_of_predictions_score_alike(scorer, tmp_path, monkeypatch):
    """From our file, and from the submission that the same numbers would be: nine digits change nothing."""
    monkeypatch.setattr(pd.DataFrame, "applymap", pd.DataFrame.map, raising=False)  # Its former name.
    labels, logits, _ = drawn(4)
    images = np.array([f"ISIC_{index:07d}" for index in range(len(labels))], dtype=object)
    parts = np.full(len(labels), "test", dtype=object)
    told = Predictions("p", "leak_free", "a", 0, 0, CLASSES, images, images, parts, labels, logits)
    write_predictions(tmp_path / "ours.csv", told)
    read = read_predictions(tmp_path / "ours.csv", CLASSES)
    columns = {"truth": np.eye(8)[labels], "submission": softmax(read.logits)}
    for name, values in columns.items():
        table = pd.DataFrame(values, columns=CLASSES, index=pd.Index(images, name="image"))
        table.to_csv(tmp_path / f"{name}.csv", float_format="%.17g")
    theirs = scorer.ClassificationScore.from_file(
        tmp_path / "truth.csv", tmp_path / "submission.csv", scorer.ClassificationMetric.BALANCED_ACCURACY
    )
    found = evaluate(read.labels, read.logits)
    assert_equal(found.overall["balanced_accuracy"][0], theirs.overall, "balanced accuracy")
    assert_equal(found.by_class["auc"][0], theirs.per_category["auc"].loc[list(CLASSES)], "auc")


@pytest.mark.parametrize("n_classes", [2, 8])
@pytest.mark.parametrize("seed", range(4))
def test_the_area_above_80_percent_sensitivity_equals_the_scorers(scorer, seed, n_classes):
    """With ties, and images that stand for several or for none."""
    labels, logits, weights = drawn(seed, n_classes)
    logits = logits[np.random.default_rng(seed).integers(len(labels) // (1 + seed), size=len(labels))]
    theirs = scored(scorer, labels, logits, weights).per_category["auc_sens_80"]
    for index, probabilities in enumerate(softmax(logits).T):
        found = readings(labels == index, probabilities, weights[None])[0, 0]
        assert_equal(found, theirs.iloc[index], f"class {index}")
