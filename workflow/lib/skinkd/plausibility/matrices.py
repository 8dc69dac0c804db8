"""Confusion matrices of two classes that give printed metrics: every one of them, by whole numbers."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from skinkd.plausibility.printed import Printed


class Matrix(NamedTuple):
    """Images by what they are and what they are taken for."""

    tp: int
    fn: int
    tn: int
    fp: int


# Numerator and denominator of each metric of the positive class.
MEASURES: dict[str, Callable[[Matrix], tuple[int, int]]] = {
    "accuracy": lambda m: (m.tp + m.tn, sum(m)),
    "recall": lambda m: (m.tp, m.tp + m.fn),
    "specificity": lambda m: (m.tn, m.tn + m.fp),
    "precision": lambda m: (m.tp, m.tp + m.fp),
    "negative_predictive_value": lambda m: (m.tn, m.tn + m.fn),
    "false_positive_rate": lambda m: (m.fp, m.tn + m.fp),
    "false_discovery_rate": lambda m: (m.fp, m.tp + m.fp),
    "false_negative_rate": lambda m: (m.fn, m.tp + m.fn),
    "f1": lambda m: (2 * m.tp, 2 * m.tp + m.fp + m.fn),
    "negative_f1": lambda m: (2 * m.tn, 2 * m.tn + m.fp + m.fn),
}
# What a metric of the other class is of the positive one.
OF_THE_OTHER = {
    "recall": "specificity",
    "specificity": "recall",
    "precision": "negative_predictive_value",
    "negative_predictive_value": "precision",
    "f1": "negative_f1",
}
Row = list[tuple[str, Printed]]


def value_of(measure: str, matrix: Matrix) -> Fraction | None:
    """The metric, or None where it divides by nothing."""
    part, whole = MEASURES[measure](matrix)
    return Fraction(part, whole) if whole else None


def matrices(row: Row, positives: int, negatives: int, cut_off: bool = False) -> Iterator[Matrix]:
    """Every matrix of so many images whose metrics are all printed as in `row`.

    A metric that divides by nothing may be printed as anything.

    Args:
        row: metrics of the positive class, names of `MEASURES`, each with what is printed.
        cut_off: whether digits are cut off instead of rounded.
    """
    hits = _candidates(row, "recall", positives, cut_off)
    for tp in hits:
        for tn in _candidates(row, "specificity", negatives, cut_off):
            matrix = Matrix(tp, positives - tp, tn, negatives - tn)
            if all(_is_printed(measure, number, matrix, cut_off) for measure, number in row):
                yield matrix


def _candidates(row: Row, measure: str, whole: int, cut_off: bool) -> range:
    """The counts that the first printed value of a metric leaves over; all where it is not printed."""
    number = next((number for name, number in row if name == measure), None)
    return number.integers(whole, cut_off) if number else range(whole + 1)


def _is_printed(measure: str, number: Printed, matrix: Matrix, cut_off: bool) -> bool:
    part, whole = MEASURES[measure](matrix)
    low = number.value if cut_off else number.least
    if not whole:
        return True
    if part * low.denominator < low.numerator * whole:
        return False
    high = number.value + number.digit if cut_off else number.most
    gap = high.numerator * whole - part * high.denominator
    return gap > 0 if cut_off and number.digit else gap >= 0


def rounded_or_cut(row: Row, positives: int, negatives: int) -> tuple[list[Matrix], str]:
    """The matrices that print as the row does: rounded, or else cut off; and which of both it was."""
    found = list(matrices(row, positives, negatives))
    if found:
        return found, "rounded"
    return list(matrices(row, positives, negatives, cut_off=True)), "cut off"
