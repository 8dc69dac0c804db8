"""Intervals over lesions: repeatable, of the right width, and never without a class."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from skinkd.domains import Confidence
from skinkd.intervals import (
    CHUNK,
    LEFT_OUT,
    Resampled,
    clusters,
    lesions_to_leave_out,
    percentiles,
    resample_weights,
    resampled,
    weights_without,
    wilson,
)


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
    assert first.draws.shape == (2 * CHUNK + 7, 60)
    np.testing.assert_array_equal(first.draws, again.draws)
    assert (first.draws != other.draws).any()


def test_no_call_sees_more_than_a_chunk():
    sizes = []
    resampled(
        lambda w: sizes.append(len(w)) or w,
        lesions_of([1] * 140),
        np.repeat([0, 1], 70),
        resamples=250,
        generator=np.random.default_rng(0),
    )
    assert sum(sizes) == 250 + 140
    assert max(sizes) == CHUNK


def test_one_lesion_at_a_time_is_left_out_with_all_its_images():
    lesions, labels = lesions_of([2, 1, 3]), np.array([0, 0, 1, 1, 1, 1])
    found = resampled(lambda w: w, lesions, labels, resamples=1, generator=np.random.default_rng(0))
    expected = [[0, 0, 1, 1, 1, 1], [1, 1, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0]]
    assert sorted(found.without.tolist()) == expected
    # How many lesions the stratum of each has that was left out.
    assert found.sizes[found.strata].tolist() == [2, 2, 1]
    assert (weights_without(np.array([1]), np.array([0, 1, 1])) == [[1, 0, 0]]).all()


def test_of_many_lesions_some_are_left_out_evenly():
    strata = np.repeat([0, 1, 2], [1, 3 * LEFT_OUT, 7])
    left_out = lesions_to_leave_out(strata)
    assert np.bincount(strata[left_out]).tolist() == [1, LEFT_OUT, 7]
    assert len(set(left_out)) == len(left_out)
    assert set(np.diff(left_out[1 : LEFT_OUT + 1])) <= {3, 4}


@settings(deadline=None, max_examples=30)
@given(
    values=st.lists(st.floats(-9, 9) | st.just(float("nan")), min_size=1, max_size=40), share=st.floats(0, 1)
)
def test_percentiles_equal_numpy_s_of_what_is_defined(values, share):
    found = percentiles(np.array([values, values]).T, np.array([share, share]))
    defined = [value for value in values if not np.isnan(value)]
    expected = np.quantile(defined, share) if defined else np.nan
    np.testing.assert_allclose(found, [expected, expected], atol=1e-12)


def a_mean(resamples=4000):
    """The mean of 2,000 lesions, so many that a normal interval is right."""
    values = np.random.default_rng(1).normal(5, 2, 2000)
    return values, resampled(
        lambda w: w @ values / w.sum(axis=1),
        np.arange(2000).astype(str),
        np.zeros(2000, dtype=int),
        resamples=resamples,
        generator=np.random.default_rng(0),
    )


def test_the_interval_of_a_mean_of_many_lesions_is_the_normal_one():
    values, found = a_mean()
    half = 1.96 * values.std(ddof=1) / 2000**0.5
    assert found.interval(0.95) == pytest.approx((values.mean() - half, values.mean() + half), abs=half / 15)
    assert found.of(lambda mean: 3 - 2 * mean).interval(0.95) == pytest.approx(
        [3 - 2 * end for end in reversed(found.interval(0.95))]
    )


def test_the_ends_are_percentiles_and_undefined_where_all_are():
    draws = np.column_stack([np.r_[np.nan, np.arange(101)], np.full(102, np.nan)])
    nothing_moves = {"without": np.ones((4, 2)), "strata": np.zeros(4, dtype=int), "sizes": np.array([4])}
    low, high = Resampled(draws, **nothing_moves).interval(0.9)
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
