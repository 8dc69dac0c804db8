"""Is one number printed alike wherever it is printed? Tables against tables, and against the text."""

from itertools import combinations

from skinkd.plausibility.finding import Finding, listed
from skinkd.plausibility.printed import agree
from skinkd.plausibility.values import Values, name_of


def findings(values: Values) -> list[Finding]:
    """One finding for each arm and pair of places that disagree, one for all numbers that agree."""
    agreed: list[str] = []
    found = []
    for one, other in combinations(dict.fromkeys(table for table, *_ in values.numbers), 2):
        for arm, pairs in _printed_in_both(values, one, other).items():
            different = [pair for pair in pairs if not agree(pair[1], pair[2])]
            found += [_disagreement(values, one, other, arm, different)] if different else []
            agreed += [f"{one} and {other}"] * (len(pairs) - len(different))
    return found + ([_agreement(agreed)] if agreed else [])


def _printed_in_both(values: Values, one: str, other: str) -> dict[str, list]:
    """By arm, the metrics that both places print, with both numbers."""
    both: dict[str, list] = {}
    for (table, arm, metric, of_class), number in values.numbers.items():
        second = values.numbers.get((other, arm, metric, of_class))
        if table == one and second:
            both.setdefault(arm, []).append((name_of(metric, of_class), number, second))
    return both


def _disagreement(values: Values, one: str, other: str, arm: str, pairs) -> Finding:
    told = listed([f"{name} {first.text} and {second.text}" for name, first, second in pairs])
    return Finding(
        f"{one} and {other}, {values.label(arm)}",
        f"two values of {listed([name for name, *_ in pairs])}",
        f"{one} and {other} print {told}: no value is printed as both, rounded or cut off.",
        "contradicts",
    )


def _agreement(places: list[str]) -> Finding:
    return Finding(
        listed(dict.fromkeys(places)),
        f"{len(places)} numbers that two places print",
        "For each, some value is printed as both, rounded or cut off.",
        "consistent",
    )
