"""Calibration: every number as another computes it, temperatures from validation alone."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss
from test_scores import OPTIONS, run

from skinkd.calibration import (
    bins_of,
    brier_losses,
    classwise_calibration_error,
    edges_of,
    expected_calibration_error,
    fit_temperature,
    gaps,
    log_losses,
    outcomes_if_calibrated,
)
from skinkd.details.calibration import calibration_of
from skinkd.metrics import softmax


def drawn(n_classes=4, n=300, seed=0):
    generator = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(n_classes), generator.integers(n_classes, size=n - n_classes)])
    return labels, generator.normal(0, 2, (n, n_classes)) + np.eye(n_classes)[labels]


@pytest.mark.parametrize("n_classes", [2, 8])
def test_losses_equal_scikit_learns(n_classes):
    labels, logits = drawn(n_classes)
    probabilities = softmax(logits)
    assert log_losses(logits, labels).mean() == pytest.approx(log_loss(labels, probabilities), abs=1e-12)
    theirs = brier_score_loss(labels, probabilities, scale_by_half=False, labels=range(n_classes))
    assert brier_losses(logits, labels).mean() == pytest.approx(theirs, abs=1e-12)


def test_a_hopeless_answer_costs_much_and_not_everything():
    assert log_losses(np.array([[2000.0, 0.0]]), np.array([1])) == pytest.approx([2000])


def test_the_fitted_temperature_is_that_of_a_grid_search():
    labels, logits = drawn()
    grid = np.geomspace(0.05, 20, 4001)
    losses = [log_losses(logits / temperature, labels).mean() for temperature in grid]
    assert fit_temperature(logits, labels) == pytest.approx(grid[np.argmin(losses)], rel=2e-3)


def test_a_calibration_error_by_hand():
    """Four answers in two bins: promises 0.6 and 0.7 of which one holds, 0.8 and 0.9 of which both do."""
    right = np.array([True, False, True, True])
    promised = np.array([0.6, 0.7, 0.8, 0.9])
    expected = (abs(0.65 - 0.5) + abs(0.85 - 1)) / 2
    assert gaps(promised, right[None], bins=2) == pytest.approx([expected])
    order = [2, 0, 3, 1]
    assert gaps(promised[order], right[None, order], bins=2) == pytest.approx([expected])
    probabilities = np.column_stack([promised, 1 - promised])
    labels = np.where(right, 0, 1)
    assert expected_calibration_error(probabilities, labels, bins=2) == pytest.approx(expected)
    # The other class's promises mirror the first's, and so do its gaps.
    assert classwise_calibration_error(probabilities, labels, bins=2) == pytest.approx(expected)


@pytest.mark.parametrize("n", [1, 4, 15, 16, 31, 300])
def test_bins_hold_as_many_answers(n):
    promised = np.random.default_rng(n).random(n)
    counts = np.bincount(bins_of(promised))
    assert len(counts) == len(edges_of(n)) == min(n, 15)
    assert counts.max() - counts.min() <= 1
    ends = [
        (promised[bins_of(promised) == k].min(), promised[bins_of(promised) == k].max())
        for k in range(len(counts))
    ]
    assert all(last <= first for (_, last), (first, _) in pairwise(ends))


def test_luck_is_shared_within_a_lesion_and_keeps_every_promise():
    promised = np.array([0.2, 0.7, 0.7, 0.9])
    outcomes = outcomes_if_calibrated(promised, np.array([0, 1, 1, 2]), draws=4000, seed=0)
    np.testing.assert_allclose(outcomes.mean(axis=0), promised, atol=0.03)
    assert (outcomes[:, 1] == outcomes[:, 2]).all()
    assert (outcomes[:, 0] != outcomes[:, 1]).any()


def calibrated_run(heat, n=3000, **about):
    """A run whose probabilities hold, but for their temperature; each image is a lesion."""
    generator = np.random.default_rng(1)
    logits = generator.normal(0, 1.5, (n, 3))
    labels = np.array([generator.choice(3, p=row) for row in softmax(logits)])
    images = np.array([f"I{index:05}" for index in range(n)], dtype=object)
    parts = np.where(np.arange(n) % 2, "test", "validation").astype(object)
    told = {"images": images, "lesions": images, "parts": parts, "labels": labels, "logits": logits * heat}
    return replace(run(**about), **told)


def test_a_heated_run_is_cooled_by_the_heat_and_then_holds():
    found = calibration_of([("a", calibrated_run(heat=2.5))], **OPTIONS)
    assert found["temperature"] == pytest.approx(2.5, rel=0.08)
    before, after = (found[side]["expected_calibration_error"] for side in ("before", "after"))
    assert before["value"] > before["high_if_calibrated"]
    assert after["low_if_calibrated"] <= after["value"] <= after["high_if_calibrated"]
    for loss, change in found["differences"].items():
        assert change["high"] < 0
        assert change["value"] == pytest.approx(
            found["after"][loss]["value"] - found["before"][loss]["value"]
        )
    held = found["after"]["reliability"]
    assert sum(own["low"] <= own["confidence"] <= own["high"] for own in held) > 9
    assert [own["answers"] for own in held] == [100] * 15


def test_the_temperature_never_sees_the_test_part():
    honest = calibrated_run(heat=2.5)
    is_test = (honest.parts == "test")[:, None]
    spoiled = replace(honest, logits=np.where(is_test, -honest.logits, honest.logits))
    records = [calibration_of([("a", each)], **OPTIONS) for each in (honest, spoiled)]
    assert records[0]["runs"] == records[1]["runs"]
    assert records[0]["after"] != records[1]["after"]


def test_every_run_has_a_temperature_of_its_own_and_values_are_means_over_runs():
    runs = [calibrated_run(heat, seed=seed) for seed, heat in enumerate((1.5, 3.0))]
    found = calibration_of([(str(each.seed), each) for each in runs], **OPTIONS)
    alone = [calibration_of([("a", each)], **OPTIONS) for each in runs]
    assert found["temperature"] == pytest.approx(np.mean([each["temperature"] for each in alone]))
    for side in ("before", "after"):
        for name in ("negative_log_likelihood", "brier", "expected_calibration_error"):
            expected = np.mean([each[side][name]["value"] for each in alone])
            assert found[side][name]["value"] == pytest.approx(expected)


def test_without_a_validation_image_there_is_no_temperature_and_a_reason():
    found = calibration_of([("a", run().part("test"))], **OPTIONS)
    assert found["reason"] == "no validation image (fold 0, seed 0), so no temperature was fitted"
    assert (found["temperature"], found["after"], found["differences"]) == (None, None, None)
    assert found["before"]["brier"]["value"] > 0
