"""Intervals over lesions: repeatable, of the right width, and never without a class."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from skinkd.domains import Confidence
from skinkd.intervals import CHUNK, clusters, percentile_interval, resample_weights, resampled, wilson


def lesions_of(sizes):
    """Lesion ids, sizes[i] images for lesion i."""
    return np.repeat([f"IL_{index}" for index in range(len(sizes))], sizes).astype(object)


def test_a_lesion_comes_and_goes_as_a_whole():
    lesions = lesions_of([3, 1, 2, 4])
    weights = resample_weights(lesions, np.zeros(10, dtype=int), 50, np.random.default_rng(0))
    for lesion in set(lesions):
        own = weights[:, lesions == lesion]
        assert (own == own[:, :1]).all()
    assert len(np.unique(weights[:, 0])) > 1


def test_each_class_keeps_its_number_of_lesions():
    labels = np.repeat([0, 1, 2], [20, 5, 1])
    weights = resample_weights(np.arange(26).astype(str), labels, 200, np.random.default_rng(0))
    for label, count in enumerate([20, 5, 1]):
        assert (weights[:, labels == label].sum(axis=1) == count).all()


def test_images_without_a_lesion_id_are_drawn_one_by_one():
    lesions = np.array(["", "", "IL_0", "IL_0", ""], dtype=object)
    lesion_of_image, _ = clusters(lesions, np.zeros(5, dtype=int))
    assert len(set(lesion_of_image)) == 4
    assert lesion_of_image[2] == lesion_of_image[3]


def test_a_lesion_with_two_labels_cannot_take_a_class_away():
    lesions, labels = np.array(["a", "b", "b", "c"], dtype=object), np.array([0, 0, 1, 0])
    weights = resample_weights(lesions, labels, 100, np.random.default_rng(0))
    assert (weights[:, labels == 1] == 1).all()


def test_weights_have_the_moments_of_drawing_with_replacement():
    n = 40
    weights = resample_weights(
        np.arange(n).astype(str), np.zeros(n, dtype=int), 4000, np.random.default_rng(0)
    )
    assert weights.mean() == 1
    assert weights.var() == pytest.approx(1 - 1 / n, rel=0.02)


def test_equal_seeds_give_equal_resamples_and_other_seeds_others():
    lesions, labels = lesions_of([2] * 30), np.repeat([0, 1], 30)
    first, again, other = (
        resampled(
            lambda w: w, lesions, labels, resamples=2 * CHUNK + 7, generator=np.random.default_rng(seed)
        )
        for seed in (3, 3, 4)
    )
    assert first.shape == (2 * CHUNK + 7, 60)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_no_call_sees_more_than_a_chunk():
    sizes = []
    resampled(
        lambda w: sizes.append(len(w)) or w,
        lesions_of([1] * 4),
        np.zeros(4, dtype=int),
        resamples=250,
        generator=np.random.default_rng(0),
    )
    assert sum(sizes) == 250
    assert max(sizes) == CHUNK


def test_percentiles_leave_out_the_undefined():
    values = np.column_stack([np.r_[np.nan, np.arange(101)], np.full(102, np.nan)])
    low, high = percentile_interval(values, 0.9)
    np.testing.assert_allclose([low[0], high[0]], [5, 95])
    assert np.isnan([low[1], high[1]]).all()


@pytest.mark.parametrize(
    ("share", "n", "low", "high"),
    [
        (0.5, 100, 0.40383, 0.59617),
        (0.0, 10, 0.0, 0.27753),  # 0 and z²/(n + z²)
        (1.0, 10, 0.72247, 1.0),
        (0.82, 2533, 0.80456, 0.83447),
    ],
)
def test_wilson_by_hand(share, n, low, high):
    assert wilson(share, n) == pytest.approx((low, high), abs=5e-6)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, True])
def test_a_confidence_without_an_interval_is_refused(confidence):
    with pytest.raises(ValidationError):
        TypeAdapter(Confidence).validate_python(confidence)


@settings(deadline=None)
@given(n=st.integers(1, 5000), share=st.floats(0, 1), confidence=st.sampled_from([0.9, 0.95, 0.99]))
def test_wilson_equals_scipy_s(n, share, confidence):
    right = round(share * n)
    expected = stats.binomtest(right, n).proportion_ci(confidence, method="wilson")
    assert wilson(right / n, n, confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_solves_the_score_equation():
    z = 1.959963984540054
    for end in wilson(0.3, 50):
        assert abs(0.3 - end) == pytest.approx(z * (end * (1 - end) / 50) ** 0.5)
