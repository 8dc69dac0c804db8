"""What stands beside a printed number that is no score: parameters, times, gains, spreads."""

import math

from skinkd.quantities import FACTS

SPREAD_OF = ("accuracy", "balanced_accuracy", "auc", "map")
NONE = {"value": None, "low": None, "high": None}


def fact(
    metric: str, of_class: str, *, score: dict | None, networks: list[dict], terms, classes
) -> dict | None:
    """Ours as `{value, low, high, note}`; None where this study has not run what it is about.

    The note says why there is no value or no judgement; it is empty where there is both.

    Args:
        metric: a name of `FACTS`.
        of_class: its class, or ''.
        score: the scores of its arm under one protocol, or None.
        networks: the networks of that arm, one per run.
        terms: of the arm's loss, as `{name, weight, ...}`.
        classes: the paper's, in their order.
    """
    if metric == "softened_probability":
        return softened_probability(terms, classes.index(of_class))
    if metric in FROM_NETWORKS:
        return _only(FROM_NETWORKS[metric](networks), FACTS[metric].incomparable) if networks else None
    if score is None:
        return None
    if metric == "largest_seed_sd":
        return largest_seed_sd(score)
    if metric == "corrected_from_bkl":
        return corrected_from(score, of_class, "BKL")
    return gain(score, metric.removesuffix("_gain"))


def _only(value: float | None, note: str = "") -> dict:
    """A value that has no interval."""
    return NONE | {"value": value, "note": note}


def _mean(networks: list[dict], key: str) -> float:
    return sum(network[key] for network in networks) / len(networks)


# The first two are the same in every run.
FROM_NETWORKS = {
    "trainable_parameters": lambda networks: networks[0]["parameters"],
    "gmacs": lambda networks: networks[0]["macs"] / 1e9,
    "model_size_mb": lambda networks: _mean(networks, "size_mb"),
    "training_runtime_s": lambda networks: _mean(networks, "training_runtime_s"),
    "prediction_runtime_s": lambda networks: _mean(networks, "prediction_runtime_s"),
    "inference_step_ms": lambda networks: _mean(networks, "inference_step_ms"),
}


def softened_probability(terms: list[dict], index: int) -> dict:
    """What DSNet's softening makes of a teacher that gives its second class all probability.

    Source: Khan et al. 2022, figure 6 and equation 4, with probabilities in the place of logits.

    Args:
        terms: of the arm's loss, of which one has a temperature.
        index: of the class, 0 or 1.
    """
    temperatures = {term["temperature"] for term in terms if "temperature" in term}
    if len(temperatures) != 1:
        return _only(None, "no one temperature softens the teacher of this arm")
    sign = 1 - 2 * index
    value = 1 / (1 + math.exp(sign / temperatures.pop()))
    return _only(value, FACTS["softened_probability"].incomparable)


def largest_seed_sd(score: dict) -> dict:
    """The largest standard deviation over seeds of the metrics that SSD-KD's tables hold."""
    found = [own["seed_sd"] for own in score["metrics"] if own["metric"] in SPREAD_OF and not own["class"]]
    if None in found:
        return _only(None, "one seed has no spread")
    return _only(max(found))


def corrected_from(score: dict, of_class: str, taken_for: str) -> dict:
    """Test images of a class that the baseline takes for another and this arm gets right."""
    note = FACTS["corrected_from_bkl"].incomparable
    if score["corrected"] is None:
        return _only(None, "the arm has no baseline in this study")
    row, column = (score["classes"].index(name) for name in (of_class, taken_for))
    return _only(score["corrected"][row][column], note)


def gain(score: dict, metric: str) -> dict:
    """This arm minus its baseline."""
    found = [own for own in score["differences"] if (own["metric"], own["class"]) == (metric, "")]
    if not found or found[0]["value"] is None:
        return _only(None, "the arm has no baseline in this study")
    return {key: found[0][key] for key in NONE} | {"note": ""}
