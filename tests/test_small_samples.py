"""Intervals of few lesions: Student's, Welch's and Hesterberg's where these are known."""

import numpy as np
import pytest
from scipy import stats

from skinkd.small_samples import NORMAL_KURTOSIS, Sureness, sureness

# As many above as below and nothing far out: the kurtosis is below that of normal values.
LIGHT = np.array([1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 9.0])


def without_one(*samples):
    """The sum of the samples' means without each value, and where that value was."""
    total = sum(sample.mean() for sample in samples)
    moved = [
        total - sample.mean() + (sample.sum() - value) / (len(sample) - 1) if len(sample) > 1 else np.nan
        for sample in samples
        for value in sample
    ]
    sizes = np.array([len(sample) for sample in samples])
    return np.array(moved), np.repeat(np.arange(len(samples)), sizes), sizes


def test_one_mean_is_student_s():
    n = len(LIGHT)
    found = sureness(*without_one(LIGHT))
    assert found.widening == pytest.approx((n / (n - 1)) ** 0.5)
    assert found.degrees_of_freedom == pytest.approx(n - 1)
    # Hesterberg's expanded percentile.
    assert found.tail(0.025) == pytest.approx(
        stats.norm.cdf((n / (n - 1)) ** 0.5 * stats.t.ppf(0.025, n - 1))
    )


def test_two_means_have_welch_s_degrees_of_freedom():
    other = 3 * LIGHT[:-2]
    found = sureness(*without_one(LIGHT, other))
    expected = stats.ttest_ind(LIGHT, other, equal_var=False)
    assert found.degrees_of_freedom == pytest.approx(expected.df)
    plain = sum(sample.var() / len(sample) for sample in (LIGHT, other))
    wide = sum(sample.var(ddof=1) / len(sample) for sample in (LIGHT, other))
    assert found.widening == pytest.approx((wide / plain) ** 0.5)


def test_where_single_lesions_decide_one_is_less_sure():
    few = np.array([0.0] * 9 + [1.0])
    kurtosis = stats.kurtosis(few, fisher=False)
    assert kurtosis > NORMAL_KURTOSIS
    found = sureness(*without_one(few))
    assert found.degrees_of_freedom == pytest.approx(1 / (1 / 9 + (kurtosis - 3) / 20))
    assert found.degrees_of_freedom < 9


def test_a_tail_is_what_its_resamples_leave_out():
    sure = sureness(*without_one(LIGHT, LIGHT[:4]))
    for tail in (0.001, 0.025, 0.3, 0.5):
        assert sure.tail_beyond(sure.tail(tail)) == pytest.approx(tail)
        assert sure.tail(tail) <= tail
    many = Sureness(np.array(1.0), np.array(np.inf))
    assert many.tail(0.025) == pytest.approx(0.025)


def test_what_no_lesion_moves_is_sure():
    without, strata, sizes = without_one(np.ones(5), np.ones(1))
    found = sureness(np.column_stack([without, without_one(LIGHT[:5], LIGHT[:1])[0]]), strata, sizes)
    assert found.widening[0] == 1
    assert found.degrees_of_freedom[0] == np.inf
    # The lesion that is alone in its class can say nothing.
    assert found.degrees_of_freedom[1] == pytest.approx(sureness(*without_one(LIGHT[:5])).degrees_of_freedom)


def test_rounding_moves_nothing():
    """The squares of its squares are too small for a float: nothing is to be divided by them."""
    without, strata, sizes = without_one(LIGHT, LIGHT[:4])
    found = sureness(1 + without * 1e-90, strata, sizes)
    assert (found.widening, found.degrees_of_freedom) == (1, np.inf)
    noise = np.where(np.arange(len(without)) % 2, 1.0, np.nextafter(1.0, 2.0))
    assert sureness(noise, strata, sizes).degrees_of_freedom == np.inf
    assert sureness(without * 1e-90, strata, sizes).degrees_of_freedom == np.inf


def test_a_number_that_is_undefined_without_a_lesion_says_nothing_of_it():
    without, strata, sizes = without_one(LIGHT)
    found = sureness(np.where(np.arange(len(LIGHT)) == 3, np.nan, without), strata, sizes)
    assert np.isfinite(found.degrees_of_freedom)
    assert sureness(np.full(7, np.nan), strata, sizes).degrees_of_freedom == np.inf


def test_a_part_of_a_class_speaks_for_it():
    """Every second of many lesions gives the spread and the sureness of all, nearly."""
    values = np.random.default_rng(0).normal(size=400)
    without, strata, sizes = without_one(values, LIGHT)
    chosen = np.r_[np.arange(0, 400, 2), np.arange(400, 407)]
    whole, part = sureness(without, strata, sizes), sureness(without[chosen], strata[chosen], sizes)
    assert part.widening == pytest.approx(whole.widening, rel=0.01)
    assert part.degrees_of_freedom == pytest.approx(whole.degrees_of_freedom, rel=0.2)
