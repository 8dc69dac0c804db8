"""Does a row repeat another table's values under other heads?"""

from itertools import combinations

from skinkd.plausibility.finding import Finding, listed
from skinkd.plausibility.values import Values, name_of

# Fewer values are often the same by chance.
LEAST_VALUES = 4


def findings(values: Values) -> list[Finding]:
    """One finding for each row whose values stand in another table in the same order, under other heads."""
    found = []
    for one, other in combinations(dict.fromkeys(table for table, *_ in values.numbers), 2):
        for arm in dict.fromkeys(arm for _, arm, *_ in values.numbers):
            first, second = (_row(values, table, arm) for table in (one, other))
            heads = [head for head in first if head in second]
            if _is_transposed(first, second, heads):
                found.append(_finding(values, one, other, arm, first, second, heads))
    return found


def _row(values: Values, table: str, arm: str) -> dict:
    """Numbers by (metric, class), in the order of print."""
    return {
        (metric, of_class): number
        for (its_table, its_arm, metric, of_class), number in values.numbers.items()
        if (its_table, its_arm) == (table, arm)
    }


def _is_transposed(first: dict, second: dict, heads: list) -> bool:
    in_order = [[row[head].text for head in row if head in heads] for row in (first, second)]
    differ = any(first[head].text != second[head].text for head in heads)
    return len(heads) >= LEAST_VALUES and differ and in_order[0] == in_order[1]


def _finding(values: Values, one: str, other: str, arm: str, first: dict, second: dict, heads) -> Finding:
    sequence = listed([first[head].text for head in first if head in heads])
    orders = [listed([name_of(*head) for head in row if head in heads]) for row in (first, second)]
    return Finding(
        f"{other}, {values.label(arm)}",
        f"{orders[1]} are {sequence}",
        f"From left to right these are the values of {one} in its order of print, where they are "
        f"{orders[0]}: the row was copied under other heads.",
        "contradicts",
    )
