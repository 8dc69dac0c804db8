"""Tables with a row for each arm under each protocol."""

from collections.abc import Callable, Iterable

from skinkd import cells
from skinkd.cells import Cell, Column
from skinkd.lookups import arm_label, protocol_label, protocols_of, score_of

HEADS = (Column("arm", "Arm"), Column("protocol", "Protocol"))


def rows_by_arm(
    results: dict, paper: str, cells_of: Callable[[dict], Iterable[Cell]]
) -> tuple[tuple[Cell, ...], ...]:
    """A row for each scored arm of a paper: the cells of `HEADS`, then what `cells_of` makes of a score."""
    return tuple(
        (cells.text(arm_label(results, paper, arm)), cells.text(protocol_label(protocol)), *cells_of(score))
        for arm in results["papers"][paper]["arms"]
        for protocol in protocols_of(results, paper)
        if (score := score_of(results, paper, protocol, arm))
    )
