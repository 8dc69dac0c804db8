"""The metrics equal scikit-learn's, image weights, ties and all, and say where they are undefined."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from skinkd.metrics import evaluate, softmax
from skinkd.metrics.ranking import roc
from skinkd.quantities import METRICS

MATTHEWS = "matthews_correlation"
LIBRARY = Path(__file__).parents[1] / "workflow" / "lib"


def study(n_classes, n=160, rows=5, digits=None, seed=0):
    """Labels with every class, logits that know something of them, weights from 0 to 3."""
    generator = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(n_classes), generator.integers(n_classes, size=n - n_classes)])
    logits = generator.normal(size=(n, n_classes)) + 1.2 * np.eye(n_classes)[labels]
    weights = generator.integers(4, size=(rows, n))
    weights[:, :n_classes] = 1
    return labels, logits if digits is None else logits.round(digits), weights


def expected(labels, logits, weights):
    """All values by scikit-learn under one row of weights, in the order of METRICS."""
    n_classes = logits.shape[1]
    predicted, probabilities = logits.argmax(axis=1), softmax(logits)
    each = {"labels": range(n_classes), "average": None, "zero_division": 0, "sample_weight": weights}
    is_class = np.eye(n_classes, dtype=int)[labels]
    auc = [
        reference.roc_auc_score(is_class[:, c], probabilities[:, c], sample_weight=weights)
        for c in range(n_classes)
    ]
    average_precision = [
        reference.average_precision_score(is_class[:, c], probabilities[:, c], sample_weight=weights)
        for c in range(n_classes)
    ]
    precision = reference.precision_score(labels, predicted, **each)
    f1 = reference.f1_score(labels, predicted, **each)
    rest = [_of_the_rest(labels != c, predicted != c, weights) for c in range(n_classes)]
    overall = {
        "accuracy": reference.accuracy_score(labels, predicted, sample_weight=weights),
        "balanced_accuracy": reference.balanced_accuracy_score(labels, predicted, sample_weight=weights),
        "auc": np.mean(auc),
        "map": np.mean(average_precision),
        "macro_precision": precision.mean(),
        "f1_macro": f1.mean(),
        "f1_weighted": reference.f1_score(
            labels, predicted, average="weighted", zero_division=0, sample_weight=weights
        ),
        "matthews_correlation": reference.matthews_corrcoef(labels, predicted, sample_weight=weights),
    }
    recall = reference.recall_score(labels, predicted, **each)
    specificity, negative_predictive_value = np.transpose(rest)
    by_class = {
        "recall": recall,
        "precision": precision,
        "f1": f1,
        "auc": auc,
        "specificity": specificity,
        "negative_predictive_value": negative_predictive_value,
        "false_positive_rate": 1 - specificity,
        "false_discovery_rate": 1 - precision,
        "false_negative_rate": 1 - recall,
    }
    return overall, by_class


def _of_the_rest(is_rest, is_predicted_so, weights):
    """Recall and precision of everything but one class: its specificity and negative predictive value."""
    how = {"sample_weight": weights, "zero_division": 0}
    return (
        reference.recall_score(is_rest, is_predicted_so, **how),
        reference.precision_score(is_rest, is_predicted_so, **how),
    )


@pytest.mark.parametrize("n_classes", [2, 3, 8])
@pytest.mark.parametrize("digits", [None, 0], ids=["distinct", "ties"])
def test_every_metric_equals_scikit_learn(n_classes, digits):
    labels, logits, weights = study(n_classes, digits=digits, seed=n_classes)
    found = evaluate(labels, logits, weights)
    for row in range(len(weights)):
        overall, by_class = expected(labels, logits, weights[row])
        assert (set(overall), set(by_class)) == (set(found.overall), set(found.by_class))
        for name, value in overall.items():
            assert found.overall[name][row] == pytest.approx(value, abs=1e-12), name
        for name, values in by_class.items():
            np.testing.assert_allclose(found.by_class[name][row], values, atol=1e-12, err_msg=name)


@st.composite
def any_study(draw):
    """Few images, classes that may be absent, logits with many ties, weights of which most may be 0."""
    n_classes, n = draw(st.integers(2, 5)), draw(st.integers(1, 25))
    labels = draw(st.lists(st.integers(0, n_classes - 1), min_size=n, max_size=n))
    logits = draw(st.lists(st.integers(-3, 3), min_size=n * n_classes, max_size=n * n_classes))
    weights = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n).filter(any))
    return np.array(labels), np.array(logits, dtype=float).reshape(n, -1) / 2, np.array(weights)


@settings(deadline=None, max_examples=40)
@given(any_study())
def test_whatever_is_defined_equals_scikit_learn_and_nothing_else_has_a_value(drawn):
    labels, logits, weights = drawn
    n_classes, kept = logits.shape[1], weights > 0
    images = np.bincount(labels, weights, minlength=n_classes)
    present, has_rest = images > 0, images < weights.sum()
    found = evaluate(labels, logits, weights[None])
    defined = {"auc": present & has_rest, **dict.fromkeys(("specificity", "false_positive_rate"), has_rest)}
    for name, values in found.by_class.items():
        np.testing.assert_array_equal(
            np.isnan(values[0]), ~(present & defined.get(name, present)), err_msg=name
        )
    for name, metric in METRICS.items():
        if metric.overall:
            whole = present.all() if metric.mean_of_classes else present.sum() > (name == MATTHEWS)
            assert np.isnan(found.overall[name][0]) == (not whole), name
    # scikit-learn has no value, or one that says nothing, for what is absent; it warns of each.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        overall, by_class = expected(labels[kept], logits[kept], weights[kept])
    for ours, theirs in ((found.overall, overall), (found.by_class, by_class)):
        for name, values in ours.items():
            oracle = np.where(np.isnan(values[0]), np.nan, theirs[name])
            np.testing.assert_allclose(values[0], oracle, atol=1e-12, err_msg=name)


def test_macro_auc_equals_scikit_learn_on_the_whole_matrix():
    labels, logits, _ = study(5)
    value = reference.roc_auc_score(labels, softmax(logits), multi_class="ovr", average="macro")
    assert evaluate(labels, logits).overall["auc"][0] == pytest.approx(value, abs=1e-12)


def test_the_registry_names_what_evaluate_returns():
    found = evaluate(*study(3))
    assert set(found.overall) == {name for name, metric in METRICS.items() if metric.overall}
    assert set(found.by_class) == {name for name, metric in METRICS.items() if metric.by_class}
    assert all(name == metric.name for name, metric in METRICS.items())


def test_weights_are_multiplicities():
    labels, logits, weights = study(4, rows=1, digits=0)
    repeated = np.repeat(np.arange(len(labels)), weights[0])
    weighted, plain = evaluate(labels, logits, weights), evaluate(labels[repeated], logits[repeated])
    for name in weighted.overall:
        assert weighted.overall[name][0] == pytest.approx(plain.overall[name][0], abs=1e-12), name


def test_what_is_one_class_to_one_is_the_rest_to_the_other():
    found = evaluate(*study(2)).by_class
    for own, of_the_rest in (("recall", "specificity"), ("precision", "negative_predictive_value")):
        np.testing.assert_allclose(found[own][:, ::-1], found[of_the_rest], atol=1e-12, err_msg=own)


def test_correlation_of_two_classes_is_pearson_s():
    labels, logits, weights = study(2, rows=1)
    predicted, repeats = logits.argmax(axis=1), weights[0]
    pearson = np.corrcoef(np.repeat(labels, repeats), np.repeat(predicted, repeats))[0, 1]
    found = evaluate(labels, logits, weights).overall["matthews_correlation"][0]
    assert found == pytest.approx(pearson, abs=1e-12)


def test_perfect_and_constant_answers():
    labels = np.array([0, 0, 1, 2])
    perfect, constant = (evaluate(labels, logits) for logits in (np.eye(3)[labels], np.zeros((4, 3))))
    worst_is_zero = {name for name in METRICS if name.startswith("false_")}
    for name, values in (perfect.overall | perfect.by_class).items():
        assert (values == (name not in worst_is_zero)).all(), name
    assert constant.overall["matthews_correlation"][0] == 0
    np.testing.assert_array_equal(constant.by_class["specificity"], [[0, 1, 1]])
    # Of the images that are not predicted as the first class, there is none.
    np.testing.assert_array_equal(constant.by_class["negative_predictive_value"], [[0, 0.75, 0.75]])


def test_weighted_f1_does_not_ask_for_absent_classes():
    labels, logits, _ = study(3)
    kept = labels != 1
    found = evaluate(labels[kept], logits[kept]).overall["f1_weighted"][0]
    predicted = logits[kept].argmax(axis=1)
    oracle = reference.f1_score(labels[kept], predicted, average="weighted", zero_division=0)
    assert found == pytest.approx(oracle, abs=1e-12)


def test_fractions_are_no_weights():
    labels, logits, weights = study(3)
    with pytest.raises(TypeError, match="Cannot cast"):
        evaluate(labels, logits, weights / 2)


def test_two_classes_have_one_area():
    auc = evaluate(*study(2)).by_class["auc"]
    np.testing.assert_allclose(auc[:, 0], auc[:, 1], atol=1e-12)


def test_constant_logits_rank_nothing_and_predict_the_first_class():
    labels = np.array([0, 0, 1, 2])
    found = evaluate(labels, np.zeros((4, 3)))
    np.testing.assert_array_equal(found.by_class["auc"], [[0.5, 0.5, 0.5]])
    np.testing.assert_array_equal(found.by_class["recall"], [[1, 0, 0]])
    np.testing.assert_array_equal(found.by_class["precision"], [[0.5, 0, 0]])
    assert found.overall["map"][0] == pytest.approx((0.5 + 0.25 + 0.25) / 3)


def test_an_absent_class_leaves_every_mean_over_classes_undefined():
    labels, logits, _ = study(3)
    kept = labels != 1
    found = evaluate(labels[kept], logits[kept])
    for name, values in found.by_class.items():
        np.testing.assert_array_equal(np.isnan(values), [[False, True, False]], err_msg=name)
    undefined = {name for name, values in found.overall.items() if np.isnan(values[0])}
    assert undefined == {name for name, metric in METRICS.items() if metric.mean_of_classes}


def test_a_class_without_weight_is_absent_in_that_row_only():
    labels, logits, weights = study(3)
    weights[1, labels == 2] = 0
    found = evaluate(labels, logits, weights)
    np.testing.assert_array_equal(np.isnan(found.overall["balanced_accuracy"]), np.arange(len(weights)) == 1)
    assert not np.isnan(found.overall["accuracy"]).any()


def test_a_single_class_has_no_area():
    found = evaluate(np.zeros(4, dtype=int), np.arange(8.0).reshape(4, 2))
    for name in ("auc", "specificity", "false_positive_rate"):
        assert np.isnan(found.by_class[name]).all(), name
    assert np.isnan(found.overall["matthews_correlation"]).all()
    assert found.by_class["recall"][0, 0] == 0


def test_extreme_logits_stay_numbers():
    labels, logits, weights = study(3)
    found = evaluate(labels, 1e6 * logits, weights)
    assert np.isfinite(np.concatenate([*found.overall.values()])).all()


@pytest.mark.parametrize("digits", [None, 0], ids=["distinct", "ties"])
def test_roc_encloses_its_area(digits):
    labels, logits, _ = study(3, n=300, digits=digits)
    is_class, scores = labels == 0, softmax(logits)[:, 0]
    rates = np.linspace(0, 1, 20_001)
    area = np.trapezoid(roc(is_class, scores, rates), rates)
    assert area == pytest.approx(reference.roc_auc_score(is_class, scores), abs=1e-3)


def test_roc_passes_through_scikit_learn_s_thresholds():
    labels, logits, _ = study(2, digits=1)
    is_class, scores = labels == 1, softmax(logits)[:, 1]
    alarms, hits, _ = reference.roc_curve(is_class, scores, drop_intermediate=False)
    upper = [max(hits[alarms == rate]) for rate in np.unique(alarms)]
    np.testing.assert_allclose(roc(is_class, scores, np.unique(alarms)), upper, atol=1e-12)


def test_no_warning_reaches_the_log():
    labels, logits, weights = study(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate(labels[labels != 1], logits[labels != 1], weights[:, labels != 1])


def test_import_brings_no_heavy_library():
    heavy = "{'torch', 'sklearn', 'pandas', 'scipy', 'matplotlib'}"
    code = f"import sys; import skinkd.metrics, skinkd.scores; sys.exit(len({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(LIBRARY)}).returncode == 0
