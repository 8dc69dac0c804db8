"""What stands beside printed numbers that are no scores: networks, gains, spreads, softened probabilities."""

import math

import pytest

from skinkd.facts import fact
from skinkd.quantities import FACTS

CLASSES = ["benign", "malignant"]
NETWORKS = [
    {
        "parameters": 268_898,
        "macs": 310_000_000,
        "size_mb": 1.0,
        "training_runtime_s": 100.0 * (1 + seed),
        "prediction_runtime_s": 2.0,
        "inference_step_ms": 4.0,
    }
    for seed in (0, 1)
]


def score_with(**changes):
    """A score with two seeds, a baseline and a matrix of corrections."""
    spreads = {"accuracy": 0.004, "balanced_accuracy": 0.009, "auc": 0.002, "map": 0.003, "f1_macro": 0.5}
    record = {
        "classes": ["BKL", "MEL", "NV"],
        "metrics": [{"metric": name, "class": "", "seed_sd": sd} for name, sd in spreads.items()]
        + [{"metric": "auc", "class": "MEL", "seed_sd": 0.4}],
        "differences": [
            {
                "metric": "accuracy",
                "class": "",
                "baseline": "plain",
                "value": 0.02,
                "low": -0.01,
                "high": 0.05,
            }
        ],
        "corrected": [[0, 1, 2], [16.5, 0, 3], [4, 5, 0]],
    }
    return record | changes


def found(metric, of_class="", score=None, networks=(), terms=()):
    return fact(metric, of_class, score=score, networks=list(networks), terms=list(terms), classes=CLASSES)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("trainable_parameters", 268_898),
        ("gmacs", 0.31),
        ("model_size_mb", 1.0),
        ("training_runtime_s", 150.0),
        ("prediction_runtime_s", 2.0),
        ("inference_step_ms", 4.0),
    ],
)
def test_networks_are_counted_and_their_times_averaged(metric, value):
    own = found(metric, networks=NETWORKS)
    assert own == {"value": value, "low": None, "high": None, "note": FACTS[metric].incomparable}
    assert found(metric) is None


@pytest.mark.parametrize("temperature", [1.0, 3.0, 10.0])
def test_softened_probabilities_add_up_and_have_the_odds_of_their_temperature(temperature):
    terms = [{"name": "hard", "weight": 0.1}, {"name": "soft", "weight": 0.9, "temperature": temperature}]
    low, high = (found("softened_probability", name, terms=terms)["value"] for name in CLASSES)
    assert low + high == pytest.approx(1)
    assert math.log(high / low) == pytest.approx(1 / temperature)


def test_nothing_is_softened_without_a_temperature():
    own = found("softened_probability", "benign", terms=[{"name": "hard", "weight": 1.0}])
    assert own["value"] is None
    assert own["note"]


def test_the_spread_is_that_of_the_metrics_that_the_paper_prints():
    assert found("largest_seed_sd", score=score_with())["value"] == 0.009
    single = score_with(metrics=[{"metric": "auc", "class": "", "seed_sd": None}])
    assert found("largest_seed_sd", score=single)["note"] == "one seed has no spread"


def test_corrected_images_are_those_of_the_class_that_were_taken_for_the_other():
    own = found("corrected_from_bkl", "MEL", score=score_with())
    assert (own["value"], own["note"]) == (16.5, FACTS["corrected_from_bkl"].incomparable)
    assert found("corrected_from_bkl", "MEL", score=score_with(corrected=None))["value"] is None


def test_a_gain_is_the_paired_difference_with_its_interval():
    assert found("accuracy_gain", score=score_with()) == {
        "value": 0.02,
        "low": -0.01,
        "high": 0.05,
        "note": "",
    }
    without = found("accuracy_gain", score=score_with(differences=[]))
    assert (without["value"], without["note"]) == (None, "the arm has no baseline in this study")


@pytest.mark.parametrize(
    "metric", ["largest_seed_sd", "corrected_from_bkl", "accuracy_gain", "f1_weighted_gain"]
)
def test_without_a_score_nothing_was_run(metric):
    assert found(metric) is None


def test_every_fact_has_a_value_where_all_is_known():
    terms = [{"name": "soft", "weight": 1.0, "temperature": 2.0}]
    score = score_with()
    score["differences"] += [score["differences"][0] | {"metric": "f1_weighted"}]
    of_class = {"softened_probability": "benign", "corrected_from_bkl": "MEL"}
    for metric in FACTS:
        own = found(metric, of_class.get(metric, ""), score=score, networks=NETWORKS, terms=terms)
        assert own["value"] is not None, metric
