"""A term is inert by its share of the gradient, over all epochs and runs, whatever its value."""

import pytest

from skinkd.inert_terms import INERT_SHARE, inert_terms


def history(terms, arm="a", protocol="as_coded", seed=0):
    """One run's history: for each term its name, values and gradients by epoch."""
    return {
        "paper": "p",
        "protocol": protocol,
        "arm": arm,
        "seed": seed,
        "terms": [
            {"name": name, "weight": 1.0, "value": values, "gradient": gradients}
            for name, values, gradients in terms
        ],
    }


def test_a_large_term_with_a_flat_slope_is_inert():
    run = history([("hard", [0.3, 0.2], [0.999, 0.995]), ("soft", [50.0, 40.0], [0.001, 0.005])])
    assert inert_terms([run]) == [
        {
            "paper": "p",
            "protocol": "as_coded",
            "arm": "a",
            "term": "soft",
            "gradient": pytest.approx(0.003),
            "value": pytest.approx(45.0),
        }
    ]


def test_the_mean_is_over_epochs_and_runs():
    quiet, loud = (history([("soft", [1.0], [share])], seed=seed) for seed, share in enumerate([0.001, 0.1]))
    assert [term["gradient"] for term in inert_terms([quiet])] == [0.001]
    assert inert_terms([quiet, loud]) == []


def test_the_threshold_itself_is_not_inert():
    assert inert_terms([history([("soft", [1.0], [INERT_SHARE])])]) == []


def test_arms_protocols_and_terms_of_one_name_stand_apart():
    runs = [
        history([("soft", [1.0], [0.0]), ("soft", [2.0], [1.0])]),
        history([("soft", [3.0], [0.0])], protocol="leak_free"),
        history([("soft", [4.0], [0.0])], arm="b"),
    ]
    found = [(term["arm"], term["protocol"], term["value"]) for term in inert_terms(runs)]
    assert found == [("a", "as_coded", 1.0), ("a", "leak_free", 3.0), ("b", "as_coded", 4.0)]


def test_a_run_without_terms_has_no_inert_one():
    assert inert_terms([history([])]) == []
