"""Holm's p values of a family of comparisons."""

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """P values under which a family keeps its rate of errors, whatever joins its members.

    A comparison without a p value stays without one, and counts as one with p = 1: what was to be
    compared is in the family even if it could not be.

    Source: Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6 (1979).
    """
    order = sorted(range(len(p_values)), key=lambda place: _counted(p_values[place]))
    adjusted, highest = [None] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * _counted(p_values[place])))
        adjusted[place] = None if p_values[place] is None else highest
    return adjusted


def _counted(p: float | None) -> float:
    return 1.0 if p is None else p
