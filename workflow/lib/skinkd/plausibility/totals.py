"""Which numbers of images of two classes fit the rows of a table, where its paper states no test part?"""

from collections import Counter
from typing import Literal

from skinkd.domains import Count, Words
from skinkd.formats import plural
from skinkd.plausibility.finding import Finding, listed
from skinkd.plausibility.matrices import MEASURES, Row, matrices
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values

Split = tuple[int, int]


class Claim(Stated):
    """That the rows of a table are confusion matrices of one test part.

    Attributes:
        n: images of the whole data set.
        least, most: totals that are tried, with every division into two classes.
    """

    check: Literal["totals"]
    table: Words
    positive: Words
    n: Count
    least: Count
    most: Count


def rows_of(claim: Claim, values: Values) -> dict[str, Row]:
    """By arm, the metrics that the table prints of the positive class, and the accuracy."""
    rows: dict[str, Row] = {}
    for (table, arm, metric, of_class), number in values.numbers.items():
        if table == claim.table and of_class in ("", claim.positive) and metric in MEASURES:
            rows.setdefault(arm, []).append((metric, number))
    return rows


def splits_that_fit(row: Row, least: int, most: int) -> set[Split]:
    """Every (positives, negatives) with a total from `least` to `most` of which some matrix prints the row.

    Raises:
        KeyError: where the row has no recall or no specificity.
    """
    printed = dict(row)
    # With four digits few wholes have a count for a given share, so nearly all pairs are never looked at.
    positives = [n for n in range(1, most) if printed["recall"].integers(n)]
    negatives = [n for n in range(1, most) if printed["specificity"].integers(n)]
    return {
        (p, n)
        for p in positives
        for n in negatives
        if least <= p + n <= most and next(matrices(row, p, n), None)
    }


def findings(claim: Claim, values: Values) -> list[Finding]:
    """Which total fits most rows; whether one test part fits all; what is wrong with rows that none fits."""
    rows = rows_of(claim, values)
    fitting = {arm: splits_that_fit(row, claim.least, claim.most) for arm, row in rows.items()}
    found = [_of_totals(claim, values, fitting), _of_splits(claim, values, fitting)]
    return found + [_of_row(claim, values, arm, splits) for arm, splits in fitting.items()]


def _of_totals(claim: Claim, values: Values, fitting: dict[str, set[Split]]) -> Finding:
    rows_by_total = Counter(total for splits in fitting.values() for total in {p + n for p, n in splits})
    ranked = rows_by_total.most_common(2)
    if not ranked:
        said = f"Of all totals from {claim.least:,} to {claim.most:,} none fits a row of {claim.table}."
        return Finding(claim.place, claim.says, said, "impossible")
    best, count = ranked[0]
    others = f"the next, {ranked[1][0]:,}, {ranked[1][1]}" if ranked[1:] else "no other fits any"
    lacking = [values.label(arm) for arm, splits in fitting.items() if best not in {p + n for p, n in splits}]
    said = (
        f"Of all totals from {claim.least:,} to {claim.most:,}, by rounding, {best:,} fits most rows, "
        f"{count} of {len(fitting)} (not {listed(lacking)}); {others}."
    )
    if best == claim.n:
        said += f" {best:,} is the whole data set: the table is of no held-out part."
    return Finding(claim.place, claim.says, said, "contradicts" if best == claim.n else "unlikely")


def _of_splits(claim: Claim, values: Values, fitting: dict[str, set[Split]]) -> Finding:
    rows_by_split = Counter(split for splits in fitting.values() for split in splits)
    best = max(rows_by_split.values(), default=0)
    at_best = sorted(split for split, count in rows_by_split.items() if count == best)
    words = listed([f"({p:,}, {n:,})" for p, n in at_best], most=4)
    said = (
        f"Over all (P, N) with P + N from {claim.least:,} to {claim.most:,}, the most rows that one pair "
        f"fits is {best} of {len(fitting)}: {words}."
    )
    claimed = f"the {len(fitting)} rows of {claim.table} are of the same test images"
    return Finding(claim.table, claimed, said, "consistent" if best == len(fitting) else "impossible")


def _of_row(claim: Claim, values: Values, arm: str, splits: set[Split]) -> Finding:
    row = rows_of(claim, values)[arm]
    at_n = sorted(split for split in splits if sum(split) == claim.n)
    place = f"{claim.table}, {values.label(arm)}"
    claimed = f"{len(row)} metrics of {claim.n:,} images"
    smallest = min((sum(split) for split in splits), default=None)
    if at_n:
        said = (
            f"{plural(len(at_n), 'division')} of {claim.n:,} images {'fits' if len(at_n) == 1 else 'fit'}: "
            f"{listed([_words(row, *split) for split in at_n], most=2)}. "
            f"The smallest total of which any does is {smallest:,}."
        )
        return Finding(place, claimed, said, "consistent")
    cut = [p for p in range(1, claim.n) if next(matrices(row, p, claim.n - p, cut_off=True), None)]
    said = f"None of the {claim.n - 1:,} divisions of {claim.n:,} images into two classes fits all metrics"
    if cut:
        return Finding(place, claimed, f"{said}, unless digits are cut off.", "consistent")
    known = f"; the smallest total that does is {smallest:,}" if smallest else ""
    return Finding(place, claimed, f"{said}, rounded or cut off{known}.", "impossible")


def _words(row: Row, positives: int, negatives: int) -> str:
    tp, fn, _, fp = next(matrices(row, positives, negatives))
    return f"{positives:,} positive ({tp:,} right, {fn:,} missed), {negatives:,} negative ({fp:,} wrong)"
