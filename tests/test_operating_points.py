"""Thresholds from validation, curves from test: as scikit-learn has them."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve
from test_scores import OPTIONS, run

from skinkd.details.operating_points import operating_points_of
from skinkd.detection import WANTED, class_to_find
from skinkd.metrics import softmax
from skinkd.operating_points import choose_thresholds, readings


def drawn(seed, n=200, ties=True):
    generator = np.random.default_rng(seed)
    is_class = generator.random(n) < 0.3
    scores = generator.normal(size=n) + is_class
    return is_class, np.round(scores, 1) if ties else scores


def best_on_curve(is_class, scores, weights):
    """The best other share for each of WANTED, point by point of scikit-learn's curve."""
    alarms, caught, _ = roc_curve(is_class, scores, sample_weight=weights, drop_intermediate=False)
    sides = {"sensitivity": caught, "specificity": 1 - alarms}
    other = {"sensitivity": 1 - alarms, "specificity": caught}
    return [other[of][sides[of] >= at - 1e-9].max() for of, at in WANTED]


@pytest.mark.parametrize("seed", range(4))
def test_readings_are_those_of_scikit_learns_curve(seed):
    is_class, scores = drawn(seed, ties=seed % 2 == 0)
    weights = np.random.default_rng(seed).integers(3, size=(5, len(scores)))
    found = readings(is_class, scores, weights)
    for row, own in zip(found, weights, strict=True):
        np.testing.assert_allclose(row[1:], best_on_curve(is_class, scores, own), atol=1e-12)


def test_the_partial_area_is_no_partial_area_of_scikit_learn():
    """Theirs cuts by false positives and rescales; ours is the whole area where no alarm precedes 80 %."""
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3])
    is_class = np.array([1, 1, 1, 1, 0, 1, 0], dtype=bool)
    ((area, *_),) = readings(is_class, scores, np.ones((1, 7), dtype=int))
    # 80 % are reached without a false alarm; then half at 0.8, half at 1.
    assert area == pytest.approx(0.5 * 0.8 + 0.5 * 1)
    assert area == pytest.approx(roc_auc_score(is_class, scores))


def test_a_resample_without_the_class_has_no_reading():
    is_class, scores = drawn(0)
    weights = np.stack([np.ones(200, dtype=int), (~is_class).astype(int)])
    found = readings(is_class, scores, weights)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize("seed", range(3))
def test_a_threshold_keeps_what_is_wanted_and_no_other_does_better(seed):
    is_class, scores = drawn(seed)
    every = np.append(np.unique(scores), scores.max() + 1)
    shares = {
        threshold: {
            "sensitivity": (scores[is_class] >= threshold).mean(),
            "specificity": (scores[~is_class] < threshold).mean(),
        }
        for threshold in [*every, *choose_thresholds(is_class, scores)]
    }
    other = {"sensitivity": "specificity", "specificity": "sensitivity"}
    for (of, at), threshold in zip(WANTED, choose_thresholds(is_class, scores), strict=True):
        assert shares[threshold][of] >= at
        best = max(share[other[of]] for share in shares.values() if share[of] >= at)
        assert shares[threshold][other[of]] == best


def test_where_every_score_is_equal_nothing_or_everything_is_taken():
    thresholds = dict(
        zip(WANTED, choose_thresholds(np.array([True, False]), np.array([0.5, 0.5])), strict=True)
    )
    assert thresholds["sensitivity", 0.9] == 0.5
    assert thresholds["specificity", 0.9] > 0.5


def test_thresholds_come_from_validation_and_are_judged_on_test():
    whole = run(n=400)
    found = operating_points_of([("a", whole)], **OPTIONS)
    assert found["class"] == "MEL"
    test, validation = whole.part("test"), whole.part("validation")
    for point in found["points"]:
        (threshold,) = point["thresholds"]
        for part, said in ((validation, point["validation"]), (test, point["test"])):
            taken, is_class = softmax(part.logits)[:, 0] >= threshold, part.labels == 0
            value = {side: said[side] if part is validation else said[side]["value"] for side in said}
            assert value["sensitivity"] == pytest.approx(taken[is_class].mean())
            assert value["specificity"] == pytest.approx((~taken)[~is_class].mean())
        assert point["validation"][point["of"]] >= point["at"]
        assert point["test"]["sensitivity"]["low"] <= point["test"]["sensitivity"]["value"]
    is_test = (whole.parts == "test")[:, None]
    spoiled = replace(whole, logits=np.where(is_test, -whole.logits, whole.logits))
    other = operating_points_of([("a", spoiled)], **OPTIONS)
    assert [p["thresholds"] for p in other["points"]] == [p["thresholds"] for p in found["points"]]
    assert other["auc_sens_80"] != found["auc_sens_80"]


def test_runs_have_thresholds_of_their_own_and_shares_are_their_means():
    runs = [run(n=400, seed=seed) for seed in (0, 1)]
    found = operating_points_of([(str(each.seed), each) for each in runs], **OPTIONS)
    alone = [operating_points_of([("a", each)], **OPTIONS) for each in runs]
    for place, point in enumerate(found["points"]):
        assert point["thresholds"] == [each["points"][place]["thresholds"][0] for each in alone]
        assert point["threshold"] == pytest.approx(np.mean(point["thresholds"]))
        expected = np.mean([each["points"][place]["test"]["specificity"]["value"] for each in alone])
        assert point["test"]["specificity"]["value"] == pytest.approx(expected)


def test_what_cannot_be_chosen_or_found_has_its_reason():
    whole = run(n=400)
    is_rare = (whole.parts == "validation") & (whole.labels == 0)
    for left, reason in (
        (whole.part("test"), "no image in the validation part (fold 0, seed 0) to choose a threshold on"),
        (
            whole.rows(~is_rare),
            "no image of MEL in the validation part (fold 0, seed 0) to choose a threshold on",
        ),
    ):
        found = operating_points_of([("a", left)], **OPTIONS)
        assert found["validation"]["reason"] == reason
        assert {point["test"] for point in found["points"]} == {None}
        assert found["points"][0]["on_test_curve"]["value"] > 0
    other = operating_points_of([("a", replace(whole, classes=("A", "B", "C")))], **OPTIONS)
    assert (other["reason"], other["points"]) == ("the task has no class MEL or malignant", [])
    none = operating_points_of([("a", whole.rows(whole.labels != 0))], **OPTIONS)
    assert none["reason"] == "no test image of MEL"


def test_melanoma_is_looked_for_before_malignant_lesions():
    assert class_to_find(("NV", "MEL")) == "MEL"
    assert class_to_find(("benign", "malignant")) == "malignant"
    assert class_to_find(("A", "B")) is None
