"""Do the metrics of both classes, and the accuracy, fit one confusion matrix of the stated test images?"""

from typing import Literal

from skinkd.domains import Count, Words
from skinkd.plausibility.finding import Finding, listed
from skinkd.plausibility.matrices import MEASURES, OF_THE_OTHER, Row, rounded_or_cut, value_of
from skinkd.plausibility.printed import shown
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values


class Claim(Stated):
    """That rows of metrics by class are those of one confusion matrix of so many images of two classes."""

    check: Literal["two_classes"]
    positive: Words
    negative: Words
    n_positive: Count
    n_negative: Count


def row_of(claim: Claim, values: Values, table: str, arm: str) -> Row:
    """The metrics that one table prints of one arm by class, all told of the positive class."""
    found = []
    for (its_table, its_arm, metric, of_class), number in values.numbers.items():
        if (its_table, its_arm) == (table, arm) and of_class == claim.positive:
            found.append((metric, number))
        elif (its_table, its_arm) == (table, arm) and of_class == claim.negative:
            found.append((OF_THE_OTHER.get(metric, metric), number))
    return [(measure, number) for measure, number in found if measure in MEASURES]


def findings(claim: Claim, values: Values) -> list[Finding]:
    """One finding for each impossible row, alone or with an accuracy of its arm; one for all others."""
    places = {(table, arm): None for table, arm, metric, c in values.numbers if c and metric == "recall"}
    found = [finding for place in places for finding in _of_row(claim, values, *place)]
    possible = [finding for finding in found if finding.verdict == "consistent"]
    return [f for f in found if f not in possible] + ([_together(claim, possible)] if possible else [])


def _of_row(claim: Claim, values: Values, table: str, arm: str) -> list[Finding]:
    """The row alone; if it is possible, also with each accuracy that is printed of its arm."""
    row, label = row_of(claim, values, table, arm), values.label(arm)
    alone = _finding(claim, f"{table}, {label}", _words(claim, values, table, arm), row)
    if alone.verdict != "consistent":
        return [alone]
    return [alone] + [
        _finding(
            claim,
            f"{table} and {place}, {label}",
            f"{_words(claim, values, table, arm)}, with accuracy {accuracy.text}",
            [*row, ("accuracy", accuracy)],
        )
        for place, _, accuracy in _accuracies(values, arm)
    ]


def _together(claim: Claim, possible: list[Finding]) -> Finding:
    """All rows that are possible, with the computation of the first."""
    first = possible[0]
    said = f"Each fits a confusion matrix. {first.place}: {first.computation}"
    words = f"{len(possible)} rows of metrics by class, alone or with a printed accuracy"
    tables = dict.fromkeys(finding.place.partition(",")[0].partition(" and ")[0] for finding in possible)
    return Finding(listed(tables), words, said, "consistent")


def _accuracies(values: Values, arm: str):
    """Table, arm and number of each accuracy of an arm, each number once."""
    of_arm = [cell for cell in values.of_metric("accuracy") if cell[1] == arm]
    return list({cell[2].value: cell for cell in reversed(of_arm)}.values())[::-1]


def _words(claim: Claim, values: Values, table: str, arm: str) -> str:
    told = [
        f"{of_class} {metric} {number.text}"
        for (t, a, metric, of_class), number in values.numbers.items()
        if (t, a) == (table, arm) and of_class in (claim.positive, claim.negative) and metric in MEASURES
    ]
    return listed(told)


def _finding(claim: Claim, place: str, words: str, row: Row) -> Finding:
    wholes = f"{claim.n_positive:,} {claim.positive} and {claim.n_negative:,} {claim.negative} images"
    found, how = rounded_or_cut(row, claim.n_positive, claim.n_negative)
    if not found:
        said = f"No confusion matrix of {wholes} has these metrics, rounded or cut off"
        return Finding(place, words, f"{said}: {_why_not(claim, row)}.", "impossible")
    tp, _, tn, _ = found[0]
    said = f"{len(found):,} confusion matrices of {wholes} have these metrics, {how}"
    said += f"; one has {tp:,} {claim.positive} and {tn:,} {claim.negative} images right."
    return Finding(place, words, said, "consistent")


def _why_not(claim: Claim, row: Row) -> str:
    """What the two recalls leave over for the metric that they cannot give."""
    recalls = [(measure, number) for measure, number in row if measure in ("recall", "specificity")]
    left, _ = rounded_or_cut(recalls, claim.n_positive, claim.n_negative)
    for measure, number in row:
        found = [value for matrix in left if (value := value_of(measure, matrix)) is not None]
        if found and not any(map(number.holds, found)):
            ends = f"from {shown(min(found), number)} to {shown(max(found), number)}"
            name = _told(claim, measure)
            return f"its recalls leave {name} {ends}, printed is {number.text}"
    return "each metric alone is possible beside the recalls, all together are not"


def _told(claim: Claim, measure: str) -> str:
    """The name of a measure with the class that it is about."""
    other = {of_positive: name for name, of_positive in OF_THE_OTHER.items()}
    if measure == "accuracy":
        return measure
    if measure in ("specificity", "negative_predictive_value", "negative_f1"):
        return f"{other[measure]} of {claim.negative}"
    return f"{measure} of {claim.positive}"
