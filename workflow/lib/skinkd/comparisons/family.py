"""The comparisons of a study: every arm that has a baseline against it, as families under Holm.

A family is declared before anything runs, by the papers' files: the arms of one paper under one protocol
that have a baseline, in balanced accuracy. What did not end belongs to it all the same.
"""

from collections.abc import Sequence

from skinkd.comparisons.bootstrap import smallest_bootstrap_p
from skinkd.comparisons.detectable import POWER, detectable_difference
from skinkd.comparisons.holm import holm
from skinkd.comparisons.sign_flips import smallest_sign_flip_p

METRIC = "balanced_accuracy"
NOT_THE_SAME_RUNS = "the arm and its baseline did not run with the same seeds and folds"


def comparisons(papers: dict, scores: Sequence[dict], missing: Sequence[dict] = ()) -> list[dict]:
    """One record for each scored arm with a baseline, in the order of `scores` within its family.

    Args:
        papers: as `summarize` takes them.
        scores: the records of all arms.
        missing: arms of the study that did not end.
    """
    places = [(paper, protocol) for paper in papers for protocol in papers[paper]["protocols"]]
    return [
        record
        for paper, protocol in places
        for record in _family(
            [score for score in _at(scores, paper, protocol) if score["differences"]],
            sum(bool(papers[paper]["arms"][m["arm"]]["baseline"]) for m in _at(missing, paper, protocol)),
        )
    ]


def _at(records, paper: str, protocol: str) -> list[dict]:
    return [record for record in records if (record["paper"], record["protocol"]) == (paper, protocol)]


def _family(scores: list[dict], n_missing: int) -> list[dict]:
    """The records of one family.

    Args:
        n_missing: members that did not end.
    """
    found = [_differences(score) for score in scores]
    adjusted = holm([own[METRIC, ""]["p"] for own in found] + [None] * n_missing)
    return [
        _record(score, own, p_holm, len(adjusted))
        for score, own, p_holm in zip(scores, found, adjusted, strict=False)
    ]


def _differences(score: dict) -> dict[tuple[str, str], dict]:
    return {(record["metric"], record["class"]): record for record in score["differences"]}


def _record(score: dict, differences: dict, p_holm: float | None, family_size: int) -> dict:
    """What is known of one comparison."""
    own = differences[METRIC, ""]
    error_rate = 1 - score["confidence"]
    # Two arms that decide alike, as where a loss does nothing, leave nothing to find.
    moves = bool(own["standard_error"])
    detectable = detectable_difference(own["standard_error"], error_rate / family_size) if moves else None
    return {
        **{key: score[key] for key in ("paper", "protocol", "arm", "baseline")},
        "metric": METRIC,
        **{"difference": own["value"], "low": own["low"], "high": own["high"]},
        **{key: own[key] for key in ("standard_error", "p")},
        "p_holm": p_holm,
        "family_size": family_size,
        "smallest_p": smallest_bootstrap_p(score["resamples"]),
        "error_rate": error_rate,
        "power": POWER,
        "detectable_difference": detectable,
        "conclusion": conclusion(own["value"], p_holm, error_rate, detectable),
        "n_seeds": score["n_seeds"],
        **{key: own[key] for key in ("seed_sd", "p_sign_flip")},
        "smallest_sign_flip_p": smallest_sign_flip_p(score["n_seeds"]),
        "accuracy": _secondary(differences["accuracy", ""]),
        "auc": _secondary(differences["auc", ""]),
        "mcnemar_ignoring_lesions": differences["accuracy", ""]["mcnemar_ignoring_lesions"],
        "delong_ignoring_lesions": strongest_class(_areas(differences)),
    }


def conclusion(value: float | None, p_holm: float | None, error_rate: float, detectable: float | None) -> str:
    """What a comparison shows, in words that do not depend on what one hoped for."""
    if None in (value, p_holm):
        return "undefined"
    if detectable is None:
        return "alike" if value == 0 else "undefined"
    word = "better" if value > 0 else "worse"
    if p_holm > error_rate:
        return "not shown"
    return word if abs(value) >= detectable else f"{word}, size uncertain"


def _secondary(record: dict) -> dict:
    """A difference outside the family."""
    return {key: record[key] for key in ("value", "low", "high", "p")}


def _areas(differences: dict) -> dict[str, dict | None]:
    """DeLong's test of each class."""
    return {
        own: record["delong_ignoring_lesions"]
        for (metric, own), record in differences.items()
        if metric == "auc" and own
    }


def strongest_class(by_class: dict[str, dict | None]) -> dict | None:
    """DeLong's test of the class with the smallest p value, held up by Holm over the classes.

    Two classes have one area, and so one test. A class without enough images has none.
    """
    tested = {own: record for own, record in by_class.items() if record}
    if not tested:
        return None
    if len(by_class) == 2:
        tested = dict([tested.popitem()])
    adjusted = dict(zip(tested, holm([record["median_p"] for record in tested.values()]), strict=True))
    of_class = min(adjusted, key=adjusted.get)
    return {"class": of_class, "p_holm": adjusted[of_class], "n_tests": len(tested), **tested[of_class]}
