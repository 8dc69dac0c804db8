"""Does a study show what a paper claims? The one place that says when it does."""

from collections.abc import Callable

from skinkd import formats
from skinkd.quantities import METRICS, QUANTITIES

# How the verdicts are reached; the report prints this.
RULE = (
    "A claim is reproduced where the interval of every comparison that it makes lies wholly on the claimed "
    "side. It is not reproduced where one lies wholly on the other side, even widened to hold for all "
    "comparisons of the claim together. Else it is consistent: the study neither shows nor refutes it. A "
    "number without an interval, such as a count of parameters, is reproduced or not. A claim is untestable "
    "where the study does not run all that it is about, or is not at full scale: then its number says only "
    "which way it points."
)
VERDICTS = {"reproduced": "●", "consistent": "◐", "not reproduced": "▼", "untestable": "○"}
# A judgement, as results.json holds it.
Judged = dict


def judge_differences(records: list[dict], n_claimed: int, least: float, most: float | None) -> Judged:
    """The verdict on paired differences that are all claimed to lie above `least`, and below `most` if given.

    Args:
        records: with `value`, `low`, `high`, `wide_low` and `wide_high`, all None where undefined.
        n_claimed: how many differences the claim is about; fewer may have run.
    """
    defined = [record for record in records if None not in (record["value"], record["low"])]
    if not defined:
        return nothing("the study does not run the arms that it compares")
    top = float("inf") if most is None else most
    holds = sum(r["low"] > least and r["high"] < top for r in defined)
    refuted = [r for r in defined if r["wide_high"] < least or r["wide_low"] > top]
    weakest = min(defined, key=lambda r: min(r["value"] - least, top - r["value"]))
    return {
        "verdict": _verdict(len(refuted), holds, n_claimed, len(defined)),
        "points": _direction(min(weakest["value"] - least, top - weakest["value"])),
        "shown": {"holds": holds, "refuted": len(refuted), "ran": len(defined), "claimed": n_claimed},
        **{key: weakest[key] for key in ("value", "low", "high")},
        "of": {key: weakest[key] for key in ("arm", "other", "metric")},
        "unit": "difference",
    }


def judge_level(record: dict | None, at_least: float) -> Judged:
    """The verdict on a score that is claimed to be at least so high.

    Args:
        record: with `arm`, `metric`, `value`, `low` and `high`; None where the arm has no such score.
    """
    if record is None:
        return nothing("the study does not run the arm")
    holds, refuted = record["low"] >= at_least, record["high"] < at_least
    return {
        "verdict": _verdict(int(refuted), int(holds), 1, 1),
        "points": _direction(record["value"] - at_least),
        "shown": {"holds": int(holds), "refuted": int(refuted), "ran": 1, "claimed": 1},
        **{key: record[key] for key in ("value", "low", "high")},
        "of": {"arm": record["arm"], "metric": record["metric"]},
        "unit": METRICS[record["metric"]].unit,
    }


def judge_numbers(
    numbers: dict[str, float],
    n_claimed: int,
    least: float | None,
    most: float | None,
    fact: str,
    beside: str | None,
) -> Judged:
    """The verdict on numbers that no sampling moves, all claimed to lie from `least` to `most`.

    Args:
        numbers: by arm.
        beside: the arm by whose number they were divided, if any.
    """
    if not numbers:
        return nothing("the study has no such number")
    low, high = (-float("inf") if least is None else least), (float("inf") if most is None else most)
    inside = {arm: low <= value <= high for arm, value in numbers.items()}
    weakest = min(numbers, key=lambda arm: min(numbers[arm] - low, high - numbers[arm]))
    holds, refuted = sum(inside.values()), len(inside) - sum(inside.values())
    return {
        "verdict": _verdict(refuted, holds, n_claimed, len(numbers)),
        "points": _direction(1.0 if all(inside.values()) else -1.0),
        "shown": {"holds": holds, "refuted": refuted, "ran": len(numbers), "claimed": n_claimed},
        **{"value": numbers[weakest], "low": None, "high": None},
        "of": {"arm": weakest, "metric": fact} | ({"other": beside} if beside else {}),
        "unit": "ratio" if beside else QUANTITIES[fact].unit,
    }


def nothing(reason: str) -> Judged:
    """Untestable, and no number."""
    empty = dict.fromkeys(("value", "low", "high", "of", "unit", "shown"))
    return {"verdict": "untestable", "points": None, "reason": reason, **empty}


def with_reason(judged: Judged, scale: str, label_of: Callable[[str], str]) -> Judged:
    """The judgement with its reason in words; untestable, whatever it was, below full scale."""
    if judged["shown"] is None:
        return judged
    reason = _counted(judged, label_of)
    if judged["verdict"] == "untestable":
        reason = f"some of what it compares was not run; {reason}"
    if scale != "full":
        judged = judged | {"verdict": "untestable"}
        reason = (
            f"this is a {scale} study, not the paper's experiment; it points {judged['points']}; {reason}"
        )
    return judged | {"reason": reason}


def _counted(judged: Judged, label_of) -> str:
    """How many comparisons show the claim, and which is the weakest."""
    shown = judged["shown"]
    words = f"{shown['holds']} of {shown['claimed']} shown" + (
        f", {shown['refuted']} refuted" if shown["refuted"] else ""
    )
    return f"{words}; weakest: {weakest_words(judged, label_of)}"


def weakest_words(judged: Judged, label_of) -> str:
    """Which number stands for the claim, such as `SSD-KD minus SSKD, Accuracy`."""
    of = judged["of"]
    joint = " over " if judged["unit"] == "ratio" else " minus "
    sides = joint.join(label_of(of[key]) for key in ("arm", "other") if key in of)
    return f"{sides}, {QUANTITIES[of['metric']].label}"


def _verdict(refuted: int, holds: int, n_claimed: int, ran: int) -> str:
    if refuted:
        return "not reproduced"
    if holds == n_claimed:
        return "reproduced"
    return "consistent" if ran == n_claimed else "untestable"


def _direction(margin: float) -> str:
    return "the claimed way" if margin > 0 else "the other way" if margin < 0 else "neither way"


def shown_number(judged: Judged) -> str:
    """The number that stands for a claim, in its unit."""
    if judged["unit"] == "difference":
        return f"{formats.shaped_points(judged['value'])} pp"
    if judged["unit"] == "ratio":
        return f"{judged['value']:.2f} ×"
    return formats.measured(judged["value"], judged["of"]["metric"])
