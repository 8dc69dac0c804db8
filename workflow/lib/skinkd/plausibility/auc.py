"""Does a printed area under the ROC curve fit the printed operating point of the same network?

A ROC curve rises and passes the point of the confusion matrix, so all right of its false positive rate lies
at or above its recall: the area is at least recall times specificity. And what one of two classes gains in
probability the other loses, so both classes have one area.
"""

from fractions import Fraction
from typing import Literal

from skinkd.domains import Words
from skinkd.plausibility import two_classes
from skinkd.plausibility.finding import Finding, listed
from skinkd.plausibility.matrices import Matrix, rounded_or_cut
from skinkd.plausibility.printed import Printed, shown
from skinkd.plausibility.values import Values


class Claim(two_classes.Claim):
    """That areas under the curve belong to the confusion matrices of a table, of which they are ROC curves.

    Attributes:
        areas: table, figure or text that prints the areas.
        table: prints the metrics by class.
    """

    check: Literal["auc"]
    areas: Words
    table: Words


def least_area(found: list[Matrix]) -> Fraction:
    """The least area of a curve through the operating point of any of these matrices."""
    return min(Fraction(m.tp, m.tp + m.fn) * Fraction(m.tn, m.tn + m.fp) for m in found)


def findings(claim: Claim, values: Values) -> list[Finding]:
    """For each arm: whether its classes have one area, and whether each area is large enough."""
    found = []
    for arm in dict.fromkeys(arm for table, arm, *_ in values.numbers if table == claim.areas):
        areas = {
            of_class: values.at((claim.areas, arm, "auc", of_class))
            for of_class in (claim.positive, claim.negative)
        }
        found.append(_one_area(claim, values.label(arm), areas))
        found += _large_enough(claim, values, arm, areas)
    return found


def _one_area(claim: Claim, label: str, areas: dict[str, Printed]) -> Finding:
    first, second = areas.values()
    told = listed([f"{number.text} of {of_class}" for of_class, number in areas.items()])
    place, claimed = f"{claim.areas}, {label}", f"AUC {told}"
    said = "Two classes whose probabilities sum to 1 have one AUC"
    if first.value == second.value:
        return Finding(place, claimed, f"{said}, which both may be.", "consistent")
    # One figure prints all its numbers alike, so it is not cut off here and rounded there.
    tie = max(first.least, second.least)
    if tie == min(first.most, second.most):
        said += f", and only {shown(tie, first, 1)}, rounded once up and once down, is printed as both."
        return Finding(place, claimed, said, "unlikely")
    return Finding(place, claimed, f"{said}, and no value is printed as both.", "impossible")


def _large_enough(claim: Claim, values: Values, arm: str, areas: dict[str, Printed]) -> list[Finding]:
    row = two_classes.row_of(claim, values, claim.table, arm)
    row += [("accuracy", number) for _, its_arm, number in values.of_metric("accuracy") if its_arm == arm]
    possible, _ = rounded_or_cut(row, claim.n_positive, claim.n_negative)
    if not possible:
        return []
    least = least_area(possible)
    found = []
    for of_class, area in areas.items():
        said = (
            f"Of the {len(possible):,} confusion matrices that {claim.table} and the accuracy allow, the "
            f"least recall times specificity is {shown(least, area)}, and the area is no less."
        )
        too_small = area.most < least and area.value + area.digit <= least
        verdict = "impossible" if too_small else "consistent"
        place = f"{claim.areas}, {values.label(arm)}"
        found.append(Finding(place, f"AUC {area.text} of {of_class}", said, verdict))
    return found
