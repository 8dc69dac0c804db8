"""Checks of printed numbers: worked by hand, true of every real matrix, and what they find in the papers."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skinkd import captions, strict_yaml
from skinkd.errors import InputError
from skinkd.plausibility import (
    agreement,
    arithmetic,
    auc,
    class_sizes,
    division,
    errors,
    grim,
    layers,
    lists,
    orders,
    sampling,
    sizes,
    softening,
    spread,
    sums,
    totals,
    transposed,
    two_classes,
)
from skinkd.plausibility import settings as stated_settings
from skinkd.plausibility.auditing import audit
from skinkd.plausibility.built import Built, count
from skinkd.plausibility.checks import CHECKS
from skinkd.plausibility.claims_file import read_claims
from skinkd.plausibility.finding import VERDICTS
from skinkd.plausibility.matrices import MEASURES, Matrix, matrices, value_of
from skinkd.plausibility.printed import agree, printed, shown
from skinkd.plausibility.values import Values
from skinkd.published import PublishedValue, read_published

ROOT = Path(__file__).parents[1]
CLAIMS = sorted((ROOT / "config" / "claims").glob("*.yaml"))
PAPERS = sorted((ROOT / "config" / "papers").glob("*.yaml"))


def rounded(share: Fraction, digits: int) -> str:
    """A share as Python prints it, halves to the even digit."""
    whole = round(share * 10**digits)
    return f"{whole // 10**digits}.{whole % 10**digits:0{digits}d}" if digits else str(whole)


def half_up(share: Fraction, digits: int) -> str:
    whole = (2 * share * 10**digits + 1) // 2
    return f"{whole // 10**digits}.{whole % 10**digits:0{digits}d}"


def cut(share: Fraction, digits: int) -> str:
    whole = share * 10**digits // 1
    return f"{whole // 10**digits}.{whole % 10**digits:0{digits}d}"


def values(*cells) -> Values:
    """A paper that prints (table, arm, metric, class, text)."""
    return Values(rows_of(cells), {})


def rows_of(cells) -> list[PublishedValue]:
    """Published values of (table, arm, metric, class, text)."""
    gap = {"value": None, "least": None, "most": None, "n": None, "note": ""}
    return [
        PublishedValue("p", table, arm, of_class, metric, **gap, printed=text)
        for table, arm, metric, of_class, text in cells
    ]


def only(found):
    assert len(found) == 1
    return found[0]


# What is printed


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("71.84 %", Fraction(71835, 100_000), Fraction(71845, 100_000)),
        ("0.917", Fraction(9165, 10_000), Fraction(9175, 10_000)),
        ("23.5 M", 23_450_000, 23_550_000),
        ("98", Fraction(195, 2), Fraction(197, 2)),
        ("1015/1288", Fraction(1015, 1288), Fraction(1015, 1288)),
    ],
)
def test_a_printed_number_stands_for_an_interval_with_both_ends(text, least, most):
    number = printed(text)
    assert (number.least, number.most) == (least, most)
    assert number.holds(Fraction(least)) and number.holds(Fraction(most))


def test_a_bound_is_no_number():
    with pytest.raises(ValueError, match=r"<0\.01"):
        printed("<0.01")


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.integers(1, 5))
def test_a_share_is_held_by_whatever_it_is_printed_as(pair, digits):
    part, whole = pair
    share = Fraction(part, whole)
    assert printed(rounded(share, digits)).holds(share)
    assert printed(half_up(share, digits)).holds(share)
    assert printed(cut(share, digits)).holds(share, cut_off=True)
    assert part in printed(rounded(share, digits)).integers(whole)
    assert part in printed(half_up(share, digits)).integers(whole)
    assert part in printed(cut(share, digits)).integers(whole, cut_off=True)


@given(st.integers(0, 10**4), st.integers(1, 3000), st.booleans())
def test_integers_are_those_that_are_held_and_no_others(whole_digits, n, cut_off):
    number = printed(f"{whole_digits // 1000}.{whole_digits % 1000:03d}")
    found = set(number.integers(n, cut_off))
    tried = {k for k in range(n + 1) if number.holds(Fraction(k, n), cut_off)}
    assert found == tried


@given(st.fractions(0, 1), st.integers(1, 4), st.integers(1, 4))
def test_one_value_printed_twice_agrees_however_it_is_printed(share, digits, other):
    for one in (rounded, half_up, cut):
        for two in (rounded, half_up, cut):
            assert agree(printed(one(share, digits)), printed(two(share, other)))


def test_values_are_shown_in_the_unit_of_print():
    assert shown(Fraction(1825, 2541), printed("71.84 %")) == "71.8221 %"
    assert shown(Fraction(23_524_424), printed("25.6 M")) == "23.524 M"
    assert shown(Fraction(268_898), printed("268898")) == "268,898"
    assert shown(Fraction(-1, 8), printed("0.1"), 2) == "−0.125"


# GRIM


def test_grim_by_hand():
    # 1,825/2,541 = 71.822 % and 1,826/2,541 = 71.861 %: nothing between, rounded or cut off.
    assert not grim.is_possible(printed("71.84 %"), 2541)
    assert not grim.is_possible(printed("71.09 %"), 2541)
    # 1,849/2,541 = 72.7666 %.
    assert grim.is_possible(printed("72.77 %"), 2541)
    assert list(printed("72.77 %").integers(2541)) == [1849]
    # The worked example of Brown and Heathers: of 28, 5.19 is none; 5/28 = 0.179 and 6/28 = 0.214.
    assert not grim.is_possible(printed("0.19"), 28)


def test_ties_may_go_either_way():
    # 1/8 = 0.125 is 0.13 with halves up and 0.12 with halves to the even digit; 0.12 also if cut off.
    assert grim.is_possible(printed("0.13"), 8) and grim.is_possible(printed("0.12"), 8)
    assert not grim.is_possible(printed("0.14"), 8)


def test_what_only_cutting_off_prints_is_possible():
    # 2/3 = 0.6667.
    assert list(printed("0.66").integers(3)) == []
    assert grim.is_possible(printed("0.66"), 3)


@given(
    st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.integers(1, 6),
    st.sampled_from([rounded, half_up, cut]),
)
def test_grim_accepts_every_share_however_it_is_printed(pair, digits, how):
    part, whole = pair
    assert grim.is_possible(printed(how(Fraction(part, whole), digits)), whole)


def test_grim_says_when_it_cannot_fail():
    assert grim.cannot_fail(printed("0.917"), 3000)
    assert not grim.cannot_fail(printed("71.84 %"), 2541)


# Confusion matrices


MATRIX = st.builds(Matrix, *(st.integers(0, 60) for _ in range(4))).filter(
    lambda m: m.tp + m.fn > 0 and m.tn + m.fp > 0
)


@given(MATRIX, st.integers(1, 4), st.sets(st.sampled_from(sorted(MEASURES)), min_size=1))
@settings(deadline=None)
def test_metrics_of_a_real_matrix_are_found_possible_and_the_matrix_is_found(matrix, digits, names):
    row = [
        (name, printed(rounded(value, digits)))
        for name in names
        if (value := value_of(name, matrix)) is not None
    ]
    found = list(matrices(row, matrix.tp + matrix.fn, matrix.tn + matrix.fp))
    assert matrix in found
    assert all(number.holds(value_of(name, m)) for name, number in row for m in found if value_of(name, m))


@given(MATRIX, st.integers(1, 4))
@settings(deadline=None)
def test_metrics_that_are_cut_off_are_found_possible_too(matrix, digits):
    row = [
        (name, printed(cut(value, digits)))
        for name in MEASURES
        if (value := value_of(name, matrix)) is not None
    ]
    assert matrix in list(matrices(row, matrix.tp + matrix.fn, matrix.tn + matrix.fp, cut_off=True))


def test_matrices_by_hand():
    # Of ten and ten, nine and eight right: recall 0.9, specificity 0.8, precision 9/11, accuracy 0.85.
    texts = {"recall": "0.9", "specificity": "0.8", "precision": "0.82", "accuracy": "0.85", "f1": "0.857"}
    row = [(name, printed(text)) for name, text in texts.items()]
    assert list(matrices(row, 10, 10)) == [Matrix(tp=9, fn=1, tn=8, fp=2)]
    assert not list(matrices([*row, ("accuracy", printed("0.90"))], 10, 10))


TWO = {"check": "two_classes", "place": "T", "says": "s", "positive": "m", "negative": "b"}


def test_a_row_is_judged_with_the_accuracy_of_another_table():
    paper = values(
        ("Table 2", "a", "accuracy", "", "0.99"),
        ("Table 4", "a", "recall", "m", "0.90"),
        ("Table 4", "a", "recall", "b", "0.80"),
    )
    claim = two_classes.Claim(**TWO, n_positive=100, n_negative=100)
    worst, rest = two_classes.findings(claim, paper)
    assert worst.verdict == "impossible" and worst.place == "Table 4 and Table 2, a"
    assert "recalls leave accuracy from 0.8500 to 0.8500, printed is 0.99" in worst.computation
    assert rest.verdict == "consistent"


def test_totals_find_the_one_size_that_a_row_came_from():
    # 97 of 101 and 89 of 103, with four digits.
    matrix = Matrix(97, 4, 89, 14)
    cells = [
        ("T", "a", name, "" if name == "accuracy" else "m", rounded(value_of(name, matrix), 4))
        for name in ("recall", "specificity", "precision", "accuracy", "f1")
    ]
    row = totals.rows_of(totals_claim(204), values(*cells))["a"]
    assert totals.splits_that_fit(row, 150, 260) == {(101, 103)}
    of_totals, of_splits, of_row = totals.findings(totals_claim(204), values(*cells))
    assert "204 fits most rows, 1 of 1" in of_totals.computation
    assert of_splits.verdict == of_row.verdict == "consistent"
    assert totals.findings(totals_claim(200), values(*cells))[2].verdict == "impossible"


def totals_claim(n):
    about = {"check": "totals", "place": "T", "says": "s", "table": "T", "positive": "m"}
    return totals.Claim(**about, n=n, least=150, most=260)


def test_an_area_is_no_less_than_recall_times_specificity():
    assert auc.least_area([Matrix(9, 1, 8, 2), Matrix(10, 0, 9, 1)]) == Fraction(72, 100)
    paper = values(
        ("T", "a", "recall", "m", "0.990"),
        ("T", "a", "recall", "b", "1.000"),
        ("F", "a", "auc", "m", "0.95"),
        ("F", "a", "auc", "b", "0.99"),
    )
    claim = auc.Claim(**TWO | {"check": "auc"}, n_positive=1000, n_negative=1000, areas="F", table="T")
    assert [finding.verdict for finding in auc.findings(claim, paper)] == [
        "impossible",  # two areas of two classes
        "impossible",  # 0.95 is below 0.99 · 1
        "consistent",
    ]


# Errors, orders, sums


def test_the_errors_that_an_accuracy_leaves_by_hand():
    assert errors.most_errors(printed("77.33 %"), 2541) == 2541 - 1965 == 576
    assert errors.most_errors(printed("72.77 %"), 2541) == 2541 - 1849 == 692
    # No count gives 71.84 %: then its lower end bounds the errors.
    assert errors.most_errors(printed("71.84 %"), 2541) == 2541 - 1825


@pytest.mark.parametrize(("n_errors", "verdict"), [(692, "consistent"), (693, "impossible")])
def test_errors_up_to_the_bound_are_possible(n_errors, verdict):
    claim = errors.Claim(
        **{"check": "errors", "place": "T", "says": "s", "cell": ["T", "a", "accuracy"], "n": 2541},
        **{"errors": n_errors, "of_class": "NV", "n_of_class": 1288},
    )
    paper = values(("T", "a", "accuracy", "", "72.77 %"))
    assert only(errors.findings(claim, paper)).verdict == verdict


def test_numbers_of_two_places_agree_if_one_value_gives_both():
    paper = values(
        ("Table 2", "a", "accuracy", "", "0.917"),
        ("Text", "a", "accuracy", "", "0.9173"),
        ("Table 2", "b", "accuracy", "", "0.995"),
        ("Text", "b", "accuracy", "", "0.985"),
    )
    different, same = agreement.findings(paper)
    assert different.verdict == "contradicts" and "0.995 and 0.985" in different.computation
    assert same.verdict == "consistent" and same.claim.startswith("1 number")


def test_a_row_that_was_copied_under_other_heads_is_found():
    heads = [("precision", "b"), ("precision", "m"), ("recall", "b"), ("recall", "m")]
    numbers = ["0.80", "0.85", "0.86", "0.78"]
    first = [("Table 4", "a", *head, text) for head, text in zip(heads, numbers, strict=True)]
    others = [heads[i] for i in (1, 3, 0, 2)]
    second = [("Table 5", "a", *head, text) for head, text in zip(others, numbers, strict=True)]
    assert only(transposed.findings(values(*first, *second))).verdict == "contradicts"
    right = dict(zip(heads, numbers, strict=True))
    again = [("Table 5", "a", *head, right[head]) for head in others]
    assert transposed.findings(values(*first, *again)) == []


def test_orders_tell_reversed_from_alike():
    paper = values(
        *(("T", arm, "auc", "", text) for arm, text in zip("abc", ("0.9", "0.8", "0.8"), strict=True))
    )
    chain = [["T", arm, "auc"] for arm in "abc"]
    about = {"check": "orders", "place": "T", "says": "s"}
    verdicts = [
        only(orders.findings(orders.Claim(**about, chains=[chosen]), paper)).verdict
        for chosen in (chain[:2], chain, chain[::-1])
    ]
    assert verdicts == ["consistent", "unlikely", "contradicts"]


@pytest.mark.parametrize(
    ("operation", "relation", "text", "verdict"),
    [
        ("difference", "equal", "0.93 %", "consistent"),
        ("difference", "equal", "0.96 %", "contradicts"),
        ("difference", "at_least", "1.0 %", "contradicts"),
        ("ratio", "at_least", "1", "consistent"),
        ("ratio", "at_most", "1", "contradicts"),
    ],
)
def test_gains_and_ratios_are_those_of_the_printed_numbers(operation, relation, text, verdict):
    paper = values(("T", "a", "accuracy", "", "72.77 %"), ("T", "b", "accuracy", "", "71.84 %"))
    claim = arithmetic.Claim(
        **{"check": "arithmetic", "place": "T", "says": "s", "operation": operation, "relation": relation},
        **{"first": ["T", "a", "accuracy"], "second": ["T", "b", "accuracy"], "printed": text},
    )
    assert only(arithmetic.findings(claim, paper)).verdict == verdict


def test_sampling_error_by_hand():
    # 1.96 · √(0.7184 · 0.2816 / 2541) = 1.749 points.
    assert sampling.half_width(0.7184, 2541) == pytest.approx(0.01749, abs=1e-5)
    # 0.93 points of 2,541 are 23.6 images: with b + c of (23.6/1.96)² = 145.3 the test is at its bound.
    assert sampling.discordant_share(0.0093, 2541) * 2541 == pytest.approx(145.4, abs=0.2)


@pytest.mark.parametrize(
    ("claims", "shares", "verdict"),
    [
        ("greater", ("0.90", "0.80"), "consistent"),
        ("greater", ("0.90", "0.89"), "unlikely"),
        ("greater", ("0.80", "0.90"), "contradicts"),
        ("alike", ("0.90", "0.89", "0.90"), "consistent"),
        ("alike", ("0.90", "0.80", "0.90"), "contradicts"),
        ("curve", ("0.70", "0.80", "0.90", "0.80"), "consistent"),
        ("curve", ("0.70", "0.90", "0.70", "0.90"), "unlikely"),
    ],
)
def test_differences_are_held_against_chance(claims, shares, verdict):
    paper = values(*(("T", f"a{i}", "accuracy", "", share) for i, share in enumerate(shares)))
    cells = [["T", f"a{i}", "accuracy"] for i in range(len(shares))]
    claim = sampling.Claim(check="sampling", place="T", says="s", claims=claims, cells=cells, n=1000)
    assert only(sampling.findings(claim, paper)).verdict == verdict


def test_counts_lists_and_settings():
    about = {"place": "T", "says": "s"}
    nothing = values()

    def verdict_of(check, **what):
        claim = check.Claim(check=check.__name__.rpartition(".")[2], **about, **what)
        return only(check.findings(claim, nothing)).verdict

    assert verdict_of(sums, parts={"a": 1, "b": 2}, whole=3) == "consistent"
    assert verdict_of(sums, parts={"a": 1, "b": 2}, whole=4) == "impossible"
    assert verdict_of(lists, named=["a", "b"], counts={"T": 2}, elsewhere={"U": ["b", "a"]}) == "consistent"
    assert verdict_of(lists, named=["a", "b"], counts={"T": 3}) == "contradicts"
    assert verdict_of(lists, named=["a", "a"]) == "contradicts"
    assert verdict_of(lists, named=[1, 3], elsewhere={"U": [3]}) == "contradicts"
    assert verdict_of(stated_settings, values={"T": "0.05", "U": "0.01"}) == "contradicts"
    assert verdict_of(stated_settings, values={"T": "0.05", "U": "0.050"}) == "consistent"
    largest = {"archive": "isic_2019", "which": "largest"}
    assert verdict_of(class_sizes, **largest, classes=["MEL", "NV"]) == "consistent"
    assert verdict_of(class_sizes, **largest, classes=["BCC", "NV"]) == "contradicts"


def test_a_division_class_by_class_gives_the_sizes_of_davidi_and_park():
    assert division.sizes(class_sizes.counts_of("isic_2019"), [70, 20, 10]) == [17728, 5062, 2541]


def test_other_sizes_than_those_of_the_division_contradict():
    about = {"check": "division", "place": "T", "says": "s", "archive": "isic_2019", "percents": [70, 20, 10]}
    near = division.Claim(**about, parts={"a": 17731, "b": 5066, "c": 2534})
    far = division.Claim(**about, parts={"a": 17631, "b": 5166, "c": 2534})
    assert [only(division.findings(claim, values())).verdict for claim in (near, far)] == [
        "consistent",
        "contradicts",
    ]


@pytest.mark.parametrize(("second", "verdict"), [("0.843", "unlikely"), ("0.836", "consistent")])
def test_differences_are_held_against_the_spread_of_repetitions(second, verdict):
    paper = values(("T", "a", "accuracy", "", "0.846"), ("T", "b", "accuracy", "", second))
    cells = [["T", arm, "accuracy"] for arm in "ab"]
    claim = spread.Claim(check="spread", place="T", says="s", cells=cells, deviation="0.01")
    assert only(spread.findings(claim, paper)).verdict == verdict


def test_softened_probabilities_by_hand():
    # softmax of (0, 1)/3 is 0.4174 and 0.5826: logits 1 apart.
    assert softening.gap(0.58257, 3) == pytest.approx(1, abs=1e-3)
    paper = values(("F", "a", "softened_probability", "m", "0.97"), ("T", "a", "accuracy", "", "0.996"))
    claim = softening.Claim(
        **{"check": "softening", "place": "F", "says": "s", "temperature": 3.0},
        **{"cell": ["F", "a", "softened_probability", "m"], "accuracy": ["T", "a", "accuracy"]},
    )
    assert only(softening.findings(claim, paper)).verdict == "consistent"


# Networks


def test_networks_are_counted_without_their_weights():
    resnet = {"name": "resnet", "depth": 50}
    assert count(Built(**resnet, classes=8), "parameters") == 23_524_424
    assert count(Built(**resnet, classes=1000), "parameters") == 25_557_032
    kerass = Built(**resnet, classes=2, head="dropout_batch_norm")
    assert count(kerass, "parameters_with_biases") == 23_542_786
    small = {"name": "mobilenet_v2"}
    assert count(Built(**small, classes=1000, more_classes=8), "parameters") == 3_512_880
    assert float(count(Built(**small, classes=1000), "macs")) == pytest.approx(0.300774272)
    assert count(Built(**small, classes=1000), "flops") == 2 * count(Built(**small, classes=1000), "macs")


def test_a_size_that_only_another_reading_has_contradicts():
    counts = {"as described": Fraction(23_524_424), "with 1,000 outputs": Fraction(25_557_032)}
    assert sizes.judge(printed("23.5 M"), counts)[1] == "consistent"
    said, verdict = sizes.judge(printed("25.6 M"), counts)
    assert verdict == "contradicts" and said.endswith("is: with 1,000 outputs.")
    assert sizes.judge(printed("24.5 M"), counts)[1] == "contradicts"
    # 0.268898 M is cut off to 0.26 and rounds to 0.27.
    assert "cut off" in sizes.judge(printed("0.26 M"), {"DSNet": Fraction(268_898)})[0]


def test_layers_give_the_network_that_is_built():
    claim = next(c for c in read_claims(ROOT / "config/claims/dsnet.yaml") if c.check == "layers")
    kept = [layer for layer in claim.layers if layer.layer != "pooling 3"]
    found = only(layers.findings(claim.model_copy(update={"layers": kept}), values()))
    assert found.verdict == "consistent" and "268,898" in found.computation
    assert "139,106" in only(layers.findings(claim, values())).computation


# The papers


@pytest.fixture(scope="module")
def found():
    """Every finding of the four papers."""
    papers, rows = {}, []
    for path in PAPERS:
        paper = strict_yaml.load(path)
        papers[path.stem] = {"arms": {arm: {"label": arm} for arm in paper.get("arms", {})}}
        rows += read_published(path.with_suffix(".csv"))
    return audit(rows, {path.stem: read_claims(path) for path in CLAIMS}, papers)


ANOMALIES = [
    ("davidi_park", "grim", "impossible", "Table 2, mobilenet_v2", "71.84 %", "1,825/2,541 = 71.8221 %"),
    ("davidi_park", "grim", "impossible", "Table 2, dist_a05", "71.09 %", "1,807/2,541 = 71.1137 %"),
    ("davidi_park", "errors", "impossible", "5.5.2", "1,015 times", "at most 692 errors"),
    ("davidi_park", "errors", "impossible", "5.5.2", "1,077 times", "at most 576 errors"),
    ("davidi_park", "grim", "consistent", "Table 2", "2,541 test images", "2,541 gives 20 of 22 shares"),
    ("davidi_park", "orders", "contradicts", "5.4", "for all weights but 0.5", "68.368 %"),
    ("davidi_park", "orders", "contradicts", "5.4", "only method", "1 of 5 pairs"),
    ("davidi_park", "lists", "contradicts", "5.4", "order of the four", "twice: DIST with curriculum"),
    ("davidi_park", "lists", "contradicts", "Section 3", "nine", "Named are 8"),
    ("davidi_park", "class_sizes", "contradicts", "5.4", "NV and BCC", "NV 12,875, MEL 4,522"),
    ("davidi_park", "sampling", "unlikely", "5.5.1", "insignificant", "< 5.7 %"),
    ("davidi_park", "sizes", "contradicts", "Text", "MobileNetV2", "3,512,880"),
    ("davidi_park", "division", "consistent", "Section 3", "70:20:10", "17,728, 5,062, 2,541"),
    ("dsnet", "transposed", "contradicts", "Table 5, efficientnet_b0_kd", "0.80", "values of Table 4"),
    ("dsnet", "agreement", "contradicts", "Table 4 and Table 5", "recall of malignant", "0.78 and 0.85"),
    ("dsnet", "two_classes", "impossible", "Table 5, efficientnet_b0_kd", "0.85", "0.8288 to 0.8379"),
    ("dsnet", "agreement", "contradicts", "Table 2 and Text, inception_v3_kd", "accuracy", "0.995 and 0.985"),
    ("dsnet", "two_classes", "impossible", "Table 4 and Table 2, inception", "0.995", "0.98033 to 0.98967"),
    ("dsnet", "lists", "contradicts", "4.1", "[1, 3, 5,", "Table 1 lacks 1"),
    ("dsnet", "sampling", "unlikely", "Table 1", "temperature", "half-widths are 1.0 to 1.5 pp"),
    ("dsnet", "layers", "contradicts", "3.1", "three layers", "139,106"),
    ("dsnet", "auc", "impossible", "Figure 7, resnet50", "0.98 of malignant", "0.9913"),
    ("dsnet", "softening", "unlikely", "Figure 6", "0.59", "0.583"),
    ("dsc", "totals", "contradicts", "Table 4", "rows", "2,357 fits most rows, 5 of 6"),
    ("dsc", "totals", "impossible", "Table 4", "same test images", "one pair fits is 2 of 6"),
    ("dsc", "totals", "impossible", "Table 4, adam_standard", "2,357", "None of the 2,356 divisions"),
    ("dsc", "layers", "contradicts", "Table 2", "filters", "224 × 224 × 128, printed 224 × 224 × 64"),
    ("dsc", "lists", "contradicts", "4.1", "eight", "Named are 9"),
    ("dsc", "settings", "contradicts", "4.2", "Adam", "0.05 in Section 4.2 and 0.01 in Table 3"),
    ("dsc", "smaller", "contradicts", "Section 1", "smaller", "54,663,234"),
    ("ssd_kd", "sizes", "contradicts", "Table 1, resnet50", "GFlops", "8.1784"),
    ("ssd_kd", "sizes", "contradicts", "Table 1, mobilenet_v2", "GFlops", "0.6015"),
    ("ssd_kd", "sizes", "contradicts", "Table 1, resnet50", "25.6 M", "is: ImageNet's 1,000 outputs"),
    ("ssd_kd", "sizes", "contradicts", "Table 1, mobilenet_v2", "3.5 M", "is: ImageNet's 1,000 outputs"),
    ("ssd_kd", "spread", "unlikely", "Table 3", "0.01", "Of 5 others 5 are less"),
    ("ssd_kd", "sampling", "unlikely", "Table 3", "highest accuracy", "half-width of 0.846 is 1.41 pp"),
]


@pytest.mark.parametrize(
    ("paper", "check", "verdict", "place", "claim", "computation"),
    ANOMALIES,
    ids=[f"{paper}-{check}-{i}" for i, (paper, check, *_) in enumerate(ANOMALIES)],
)
def test_the_named_anomalies_are_found(found, paper, check, verdict, place, claim, computation):
    of_check = [r for r in found if (r["paper"], r["check"], r["verdict"]) == (paper, check, verdict)]
    wanted = {"place": place, "claim": claim, "computation": computation}
    assert [r for r in of_check if all(words in r[key] for key, words in wanted.items())], of_check


def test_nothing_else_of_davidi_and_park_s_accuracies_is_impossible(found):
    of_grim = [r for r in found if (r["paper"], r["check"]) == ("davidi_park", "grim")]
    assert [r["verdict"] for r in of_grim] == ["impossible"] * 2 + ["consistent"] * 2


def test_findings_are_whole_and_the_worst_come_first(found):
    order = list(VERDICTS)
    for paper in {r["paper"] for r in found}:
        ranks = [order.index(r["verdict"]) for r in found if r["paper"] == paper]
        assert ranks == sorted(ranks)
    assert all(r["place"] and r["claim"] and r["computation"].endswith(".") for r in found)
    assert {r["check"] for r in found} == {*CHECKS, "agreement", "transposed"}, "every check is used"


def test_equal_input_gives_equal_findings(found):
    keys = [tuple(record.values()) for record in found]
    assert len(keys) == len(set(keys))


def test_no_check_is_said_to_have_failed_of_a_clean_paper():
    """A paper made of one real matrix of 150 and 250, a copy of its text, and claims that are true."""
    matrix = Matrix(131, 19, 222, 28)
    of_class = {
        ("accuracy", ""): "accuracy",
        ("recall", "m"): "recall",
        ("precision", "m"): "precision",
        ("f1", "m"): "f1",
        ("recall", "b"): "specificity",
        ("precision", "b"): "negative_predictive_value",
        ("f1", "b"): "negative_f1",
    }
    numbers = {head: value_of(measure, matrix) for head, measure in of_class.items()}
    cells = [("Table 1", "a", *head, rounded(share, 3)) for head, share in numbers.items()]
    cells += [("Text", "a", *head, rounded(share, 2)) for head, share in list(numbers.items())[::-1]]
    clean = {"place": "Table 1", "says": "s"}
    sides = {"positive": "m", "negative": "b", "n_positive": 150, "n_negative": 250}
    claims = [
        grim.Claim(check="grim", **clean, metric="accuracy", n=400, around=20),
        two_classes.Claim(check="two_classes", **clean, **sides),
        sums.Claim(check="sums", **clean, parts={"m": 150, "b": 250}, whole=400),
    ]
    found = audit(rows_of(cells), {"p": claims}, {"p": {"arms": {"a": {"label": "A"}}}})
    assert {record["verdict"] for record in found} == {"consistent"}
    assert {record["check"] for record in found} == {"grim", "two_classes", "sums", "agreement"}


def test_a_paper_without_claims_has_no_sentence():
    assert audit([], {}, {"p": {"arms": {}}}) == []
    assert captions.plausibility_sentence({"plausibility": []}, "p") == ""


def test_the_sentence_counts_the_findings():
    found = [{"paper": "p", "verdict": verdict} for verdict in ("impossible", "consistent", "consistent")]
    assert captions.plausibility_sentence({"plausibility": found}, "p") == (
        "3 checks of the printed numbers: 1 find what is impossible, 2 find nothing."
    )


# Files of claims


@pytest.mark.parametrize("path", CLAIMS, ids=lambda path: path.stem)
def test_claims_are_about_a_paper_that_is_there(path):
    assert path.stem in {paper.stem for paper in PAPERS}
    assert read_claims(path)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{check: grim, place: T, says: s, metric: accuracy}", "n: Field required"),
        ("{check: guess, place: T, says: s}", "guess"),
        ("{check: sums, place: T, says: s, parts: {a: 1, b: 2}, whole: 3, hole: 3}", "hole"),
        ("{check: sums, place: T, says: s, parts: {a: '1', b: 2}, whole: 3}", "valid integer"),
        (
            "{check: smaller, place: T, says: s, small: {name: renset, classes: 2}, "
            "large: {name: resnet, depth: 50, classes: 2}}",
            "did you mean 'resnet'",
        ),
        (
            "{check: layers, place: T, says: s, input: [2, 2, 3], layers: [{layer: a, pool: 2, units: 2}]}",
            "a layer",
        ),
    ],
)
def test_a_claim_that_no_check_can_compute_is_refused(tmp_path, text, what):
    path = tmp_path / "dsnet.yaml"
    path.write_text(f"paper: dsnet\nclaims:\n  - {text}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"dsnet\.yaml") as caught:
        read_claims(path)
    assert what in str(caught.value)


def test_claims_of_another_paper_are_refused(tmp_path):
    path = tmp_path / "dsc.yaml"
    path.write_text((ROOT / "config/claims/dsnet.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(InputError, match="said to be of dsnet"):
        read_claims(path)


def test_a_claim_about_a_number_that_is_not_printed_is_refused():
    with pytest.raises(InputError, match="Table 9, a, accuracy, where no number is printed"):
        values().at(("Table 9", "a", "accuracy"))
