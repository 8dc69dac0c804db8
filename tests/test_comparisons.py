"""Tests of differences equal other implementations and what is worked out by hand."""

import json
import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score
from test_scores import OPTIONS, files, numbers_of, run

from skinkd.comparisons import PRIMARY, SMALLEST_P
from skinkd.comparisons.bootstrap import bootstrap_p, smallest_bootstrap_p, standard_error
from skinkd.comparisons.delong import delong, midranks, placements
from skinkd.comparisons.detectable import detectable_difference
from skinkd.comparisons.family import comparisons, conclusion, strongest_class
from skinkd.comparisons.holm import holm
from skinkd.comparisons.mcnemar import mcnemar
from skinkd.comparisons.sign_flips import MOST_SEEDS, sign_flip_p, smallest_sign_flip_p
from skinkd.intervals import Resampled
from skinkd.metrics import softmax
from skinkd.scores import score

# DeLong


def slow_delong(is_class, scores, others):
    """Areas, variance of their difference and p, pair by pair as the paper defines them."""
    areas, of_own, of_rest = [], [], []
    for values in (scores, others):
        own, rest = values[is_class], values[~is_class]
        wins = [[1.0 if x > y else 0.5 if x == y else 0.0 for y in rest] for x in own]
        areas.append(sum(map(sum, wins)) / (len(own) * len(rest)))
        of_own.append([sum(row) / len(rest) for row in wins])
        of_rest.append([sum(column) / len(own) for column in zip(*wins, strict=True)])
    covariance = _covariance(of_own, areas) / is_class.sum() + _covariance(of_rest, areas) / (~is_class).sum()
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    z = (areas[0] - areas[1]) / math.sqrt(variance)
    return areas, variance, 2 * stats.norm.sf(abs(z))


def _covariance(components, areas):
    """2 by 2, of the components of both areas (2, m)."""
    apart = np.array(components) - np.array(areas)[:, None]
    return apart @ apart.T / (apart.shape[1] - 1)


@pytest.mark.parametrize("digits", [None, 1, 0], ids=["distinct", "some ties", "many ties"])
@pytest.mark.parametrize("seed", range(4))
def test_delong_equals_its_definition_pair_by_pair(seed, digits):
    generator = np.random.default_rng(seed)
    is_class = generator.random(90) < 0.3
    noise, own, other = generator.normal(size=(3, 90))
    scores, others = (2 * noise + own + is_class, 2 * noise + other + 0.6 * is_class)
    if digits is not None:
        scores, others = scores.round(digits), others.round(digits)
    found = delong(is_class, scores, others)
    areas, variance, p = slow_delong(is_class, scores, others)
    assert found.value == pytest.approx(areas[0] - areas[1], abs=1e-12)
    assert found.standard_error == pytest.approx(math.sqrt(variance), rel=1e-9)
    assert found.p == pytest.approx(p, rel=1e-7)
    assert areas == pytest.approx([roc_auc_score(is_class, values) for values in (scores, others)])


def test_placements_by_hand():
    is_class = np.array([True, True, False, False, False])
    own, rest = placements(is_class, np.array([3.0, 2.0, 1.0, 2.0, 4.0]))
    np.testing.assert_allclose(own, [2 / 3, 1.5 / 3])
    np.testing.assert_allclose(rest, [1, 1.5 / 2, 0])
    np.testing.assert_array_equal(midranks(np.array([5, 1, 5, 3])), [3.5, 1, 3.5, 2])


@settings(deadline=None)
@given(scores=st.lists(st.integers(-4, 4), min_size=1, max_size=30))
def test_midranks_equal_scipy_s(scores):
    np.testing.assert_array_equal(midranks(np.array(scores)), stats.rankdata(scores))


def test_delong_has_no_test_where_nothing_varies():
    is_class = np.array([True, True, False, False])
    good, bad = np.array([4.0, 3, 2, 1]), np.array([1.0, 2, 3, 4])
    assert delong(is_class, good, bad) is None
    assert delong(np.array([True, False, False, False]), good, bad) is None
    same = delong(is_class, good, good)
    assert (same.value, same.p) == (0, 1)


def test_delong_rejects_as_often_as_it_says_where_images_are_independent():
    generator = np.random.default_rng(1)
    is_class = np.arange(120) < 50
    p_values = []
    for _ in range(400):
        both, own, other = generator.normal(size=(3, 120))
        p_values.append(delong(is_class, both + own + is_class, both + other + is_class).p)
    # 0.05 give or take three standard errors of 400.
    assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.085


# McNemar


@settings(deadline=None)
@given(torn=st.tuples(st.integers(0, 60), st.integers(0, 60)), both=st.integers(0, 3))
def test_mcnemar_equals_the_binomial_test_of_scipy(torn, both):
    rights = [(True, False)] * torn[0] + [(False, True)] * torn[1] + [(True, True), (False, False)] * both
    is_right, is_other_right = np.array(rights, dtype=bool).reshape(-1, 2).T
    expected = stats.binomtest(torn[0], sum(torn), 0.5).pvalue if sum(torn) else 1.0
    assert mcnemar(is_right, is_other_right) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_of_thousands_of_images_is_a_number():
    is_right = np.arange(6000) < 5000
    assert 0 < mcnemar(is_right, is_right[::-1] & (np.arange(6000) % 50 > 0)) < 1
    assert mcnemar(np.ones(3000, bool), np.zeros(3000, bool)) == pytest.approx(0, abs=1e-300)


# Holm


def test_holm_by_hand():
    # Sorted: 4 · 0.005, 3 · 0.01, 2 · 0.03, and 0.04 held up by the one before it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_comparison_without_a_p_value_counts():
    assert holm([0.01, None, 0.02]) == pytest.approx([0.03, None, 0.04])


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_lies_between_nothing_and_bonferroni(p_values):
    adjusted = holm(p_values)
    for (p, q), (other, other_q) in product(zip(p_values, adjusted, strict=True), repeat=2):
        assert p <= q <= min(1, len(p_values) * p)
        assert p > other or q <= other_q


# bootstrap and seeds


def drawn(*draws, without=(1.0, 1.0)):
    """Draws of a number that is `without` where a lesion is left out; by default none moves it."""
    strata, sizes = np.zeros(len(without), dtype=int), np.array([len(without)])
    return Resampled(np.array(draws, dtype=float), np.array(without), strata, sizes)


def test_the_bootstrap_p_value_by_hand():
    draws = [-1.0, *range(1, 19), np.nan]
    assert bootstrap_p(drawn(*draws)) == pytest.approx(2 * 2 / 20)
    assert bootstrap_p(drawn(*(-np.array(draws)))) == bootstrap_p(drawn(*draws))
    assert bootstrap_p(drawn(*range(1, 1000))) == pytest.approx(0.002)
    assert smallest_bootstrap_p(999) == 0.002
    assert bootstrap_p(drawn(*np.zeros(9))) == 1
    assert bootstrap_p(drawn(*np.full(3, np.nan))) is None
    assert standard_error(drawn(1.0, 3.0, np.nan)) == pytest.approx(math.sqrt(2))
    assert standard_error(drawn(1.0, np.nan)) is None


def test_few_lesions_make_p_larger_and_the_error_wider():
    draws = np.random.default_rng(0).normal(2.2, 1, 999)
    n = 5
    few = drawn(*draws, without=np.arange(n))
    share = (int((draws <= 0).sum()) + 1) / 1000
    t = stats.norm.ppf(share) / math.sqrt(n / (n - 1))
    assert bootstrap_p(few) == pytest.approx(2 * stats.t.cdf(t, n - 1))
    assert bootstrap_p(few) > bootstrap_p(drawn(*draws)) >= smallest_bootstrap_p(999)
    assert standard_error(few) == pytest.approx(draws.std(ddof=1) * math.sqrt(n / (n - 1)))


@pytest.mark.parametrize("lesions", [4, 1000])
@pytest.mark.parametrize("shift", [1.5, 1.9, 2.0, 2.5, 3.5])
def test_p_is_small_where_the_interval_leaves_zero_out(shift, lesions):
    draws = drawn(*np.random.default_rng(0).normal(shift, 1, 4999), without=np.arange(lesions))
    low, high = draws.interval(0.95)
    assert (bootstrap_p(draws) <= 0.05) == (low > 0 or high < 0)


@pytest.mark.parametrize("seeds", [1, 3, 6])
def test_seeds_that_agree_give_the_smallest_p_of_their_number(seeds):
    assert sign_flip_p([0.1 + 0.01 * n for n in range(seeds)]) == smallest_sign_flip_p(seeds) == 2 / 2**seeds


def test_sign_flips_equal_scipy_s_permutations():
    differences = [0.3, -0.1, 0.2, 0.25, -0.05, 0.4]
    oracle = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert sign_flip_p(differences) == pytest.approx(oracle.pvalue)
    assert sign_flip_p([0.1, 0.2, -0.3]) == 1
    assert sign_flip_p([0.1] * (MOST_SEEDS + 1)) is None


# what could be found


def test_a_detectable_difference_is_found_as_often_as_promised():
    difference = detectable_difference(0.02, 0.05)
    assert difference == pytest.approx((1.959964 + 0.841621) * 0.02, rel=1e-6)
    found = np.random.default_rng(0).normal(difference, 0.02, 100_000)
    assert (np.abs(found) / 0.02 > 1.959964).mean() == pytest.approx(0.8, abs=0.005)


# in the records of scores


@pytest.fixture
def compared(tmp_path):
    """The differences of two seeds of one arm against another."""
    sides = [
        files(tmp_path, *(run(arm, seed=seed, skill=skill) for seed in (0, 1)))
        for arm, skill in (("distilled", 2.5), ("plain", 1.2))
    ]
    return sides, numbers_of(score(*sides, **OPTIONS), "differences")


def test_primary_metrics_are_tested_and_no_others(compared):
    tested = {place for place, record in compared[1].items() if "p" in record}
    assert tested == {(metric, "") for metric in PRIMARY}
    areas = {place for place, record in compared[1].items() if "delong_ignoring_lesions" in record}
    assert areas == {("auc", own) for own in ("MEL", "NV", "BCC")}
    assert [place for place, record in compared[1].items() if "mcnemar_ignoring_lesions" in record] == [
        ("accuracy", "")
    ]


def test_each_seed_is_compared_with_its_own(compared):
    (_, found), tests = compared, {}
    for seed in (0, 1):
        arm, plain = (
            run(name, seed=seed, skill=skill).part("test")
            for name, skill in (("distilled", 2.5), ("plain", 1.2))
        )
        right = [side.logits.argmax(axis=1) == side.labels for side in (arm, plain)]
        scores = [softmax(side.logits)[:, 1] for side in (arm, plain)]
        tests[seed] = (right[0].mean() - right[1].mean(), mcnemar(*right), delong(arm.labels == 1, *scores).p)
    differences, exact, areas = zip(*tests.values(), strict=True)
    accuracy = found["accuracy", ""]
    assert accuracy["by_seed"] == pytest.approx(differences)
    assert accuracy["seed_sd"] == pytest.approx(np.std(differences, ddof=1))
    assert accuracy["value"] == pytest.approx(np.mean(differences))
    for record, p_values in (
        (accuracy["mcnemar_ignoring_lesions"], exact),
        (found["auc", "NV"]["delong_ignoring_lesions"], areas),
    ):
        expected = np.maximum(p_values, SMALLEST_P)
        assert record["models"] == 2
        assert (record["median_p"], record["largest_p"]) == pytest.approx(
            (np.median(expected), max(expected))
        )


def test_arms_of_other_seeds_are_not_paired_by_seed(tmp_path):
    sides = [files(tmp_path, run("distilled", seed=3)), files(tmp_path, run("plain", seed=0))]
    found = numbers_of(score(*sides, **OPTIONS), "differences")
    accuracy = found["accuracy", ""]
    assert 0 < accuracy["p"] <= 1
    absent = ("by_seed", "seed_sd", "p_sign_flip", "mcnemar_ignoring_lesions")
    assert [accuracy[key] for key in absent] == [None] * 4
    assert found["auc", "NV"]["delong_ignoring_lesions"] is None


def test_images_of_one_lesion_counted_as_many_make_the_flagged_tests_too_sure(tmp_path):
    """Every image five times: there are as many lesions as before, and they show no more."""

    def five_times(one):
        chosen = one.rows(np.repeat(np.arange(len(one)), 5))
        return replace(chosen, images=np.array([f"{n:05}" for n in range(len(chosen))], dtype=object))

    once = [run("distilled", skill=2.1), run("plain", skill=1.2)]
    alone, repeated = (
        numbers_of(score(*(files(tmp_path / name, make(one)) for one in once), **OPTIONS), "differences")
        for name, make in (("a", lambda one: one), ("b", five_times))
    )
    for place, test in ((("accuracy", ""), "mcnemar"), (("auc", "NV"), "delong")):
        first, second = (found[place][f"{test}_ignoring_lesions"] for found in (alone, repeated))
        assert second["median_p"] < first["median_p"] / 3
    assert repeated["accuracy", ""]["p"] == alone["accuracy", ""]["p"]
    assert repeated["accuracy", ""]["standard_error"] == pytest.approx(
        alone["accuracy", ""]["standard_error"]
    )


# families


def scored(arm, p, protocol="leak_free", value=0.05):
    """What a family needs of one record of scores."""
    tested = {"models": 1, "median_p": p, "largest_p": p}
    test = {"value": value, "low": value - 0.02, "high": value + 0.02, "standard_error": 0.01, "p": p}
    seeds = {"by_seed": [value], "seed_sd": None, "p_sign_flip": 1.0}
    places = (("balanced_accuracy", ""), ("accuracy", ""), ("auc", ""), ("auc", "MEL"), ("auc", "NV"))
    extra = {"accuracy": {"mcnemar_ignoring_lesions": tested}, "auc": {"delong_ignoring_lesions": tested}}
    return {
        **{"paper": "p", "protocol": protocol, "arm": arm, "baseline": "plain", "n_seeds": 1},
        **{"confidence": 0.95, "resamples": 999},
        "differences": [
            {"metric": metric, "class": own, "baseline": "plain"} | test | seeds | extra.get(metric, {})
            for metric, own in places
        ],
    }


PAPERS = {
    "p": {
        "protocols": ["as_published", "leak_free"],
        "arms": {arm: {"baseline": None if arm == "plain" else "plain"} for arm in ("plain", "a", "b", "c")},
    }
}


def test_a_family_is_the_arms_of_one_paper_and_protocol_that_have_a_baseline():
    alone = scored("plain", 0.5) | {"differences": [], "baseline": None}
    scores = [alone, scored("a", 0.01), scored("b", 0.02), scored("a", 0.03, "as_published")]
    found = {(one["protocol"], one["arm"]): one for one in comparisons(PAPERS, scores)}
    assert list(found) == [("as_published", "a"), ("leak_free", "a"), ("leak_free", "b")]
    assert [one["family_size"] for one in found.values()] == [1, 2, 2]
    assert [one["p_holm"] for one in found.values()] == pytest.approx([0.03, 0.02, 0.02])
    assert found["leak_free", "a"]["detectable_difference"] == pytest.approx(
        detectable_difference(0.01, 0.025)
    )
    assert found["leak_free", "a"]["smallest_p"] == 0.002


def test_what_did_not_end_stays_in_the_family():
    gone = [{"paper": "p", "protocol": "leak_free", "arm": arm} for arm in ("plain", "c")]
    (found,) = comparisons(PAPERS, [scored("a", 0.03)], gone)
    assert (found["family_size"], found["p_holm"]) == (2, pytest.approx(0.06))
    assert found["conclusion"] == "not shown"


def test_a_class_without_test_images_leaves_its_comparison_undefined_and_in_the_family(tmp_path):
    whole = [run("a", skill=2.5), run("plain", skill=1.2)]
    sides = [files(tmp_path, one.rows(one.labels != 1)) for one in whole]
    record = score(*sides, **OPTIONS) | {"paper": "p"}
    json.dumps(record, allow_nan=False)
    undefined, other = comparisons(PAPERS, [record, scored("b", 0.01)])
    assert (undefined["conclusion"], undefined["p_holm"], undefined["detectable_difference"]) == (
        "undefined",
        None,
        None,
    )
    assert (other["family_size"], other["p_holm"]) == (2, 0.02)
    assert undefined["accuracy"]["p"] < 1
    assert undefined["delong_ignoring_lesions"]["n_tests"] == 2


def test_arms_that_decide_alike_leave_nothing_to_find():
    alike = scored("a", 1.0, value=0.0)
    alike["differences"] = [record | {"standard_error": 0.0} for record in alike["differences"]]
    found = {record["arm"]: record for record in comparisons(PAPERS, [alike, scored("b", 0.01)])}
    assert (found["a"]["conclusion"], found["a"]["detectable_difference"]) == ("alike", None)
    assert found["b"]["p_holm"] == 0.02


@pytest.mark.parametrize(
    ("value", "p", "detectable", "expected"),
    [
        (0.05, 0.01, 0.03, "better"),
        (-0.05, 0.05, 0.03, "worse"),
        (0.02, 0.04, 0.03, "better, size uncertain"),
        (-0.02, 0.04, 0.03, "worse, size uncertain"),
        (0.05, 0.06, 0.03, "not shown"),
        (0.0, 1.0, None, "alike"),
        (0.05, 0.01, None, "undefined"),
        (None, None, None, "undefined"),
    ],
)
def test_conclusions(value, p, detectable, expected):
    assert conclusion(value, p, 1 - 0.95, detectable) == expected


def test_of_several_classes_the_strongest_is_shown_after_holm_and_two_are_one_test():
    of = {"models": 1, "largest_p": 0.9}
    three = {
        "MEL": of | {"median_p": 0.2},
        "NV": of | {"median_p": 0.01},
        "DF": None,
        "AK": of | {"median_p": 0.5},
    }
    assert strongest_class(three) == {
        "class": "NV",
        "p_holm": pytest.approx(0.03),
        "n_tests": 3,
        **three["NV"],
    }
    two = {"benign": of | {"median_p": 0.02}, "malignant": of | {"median_p": 0.02}}
    assert strongest_class(two)["p_holm"] == 0.02
    assert strongest_class({"MEL": None}) is strongest_class({}) is None
