"""An experiment: sides that take turns, and the rows that are made of their readings."""

from collections.abc import Callable
from dataclasses import dataclass

from skinkd.bench.comparing import Row
from skinkd.bench.crew import Side
from skinkd.errors import InputError

LARGE_PX, SMALL_PX, MIDDLE_PX = 224, 64, 128
# Steps of ours that one reading adds up.
STEPS = 4


def nothing() -> None:
    """Prepares nothing."""


@dataclass(frozen=True)
class Experiment:
    """One set of processes that take turns.

    Attributes:
        name: what it is called in the progress.
        sides: by name, in the order of a turn.
        rows: makes the rows from the turns.
        turn_s: seconds of one turn on two cores of a CPU with bfloat16, for the estimate of the time left.
        prepare: makes what must be there before.
        warm_ups: turns before the first that counts. A turn of more than a minute needs none.
    """

    name: str
    sides: dict[str, Side]
    rows: Callable[[list[dict]], list[Row]]
    turn_s: float
    prepare: Callable[[], None] = nothing
    warm_ups: int = 1


def check_equal(turns: list[dict], first: str, second: str, tolerance: float) -> str:
    """What to say of two sides' losses.

    Raises:
        InputError: where they differ by more than `tolerance`, relatively: then it is not the same work.
    """
    pairs = list(zip(_losses(turns[0][first]), _losses(turns[0][second]), strict=True))
    gap = max(abs(a - b) / max(abs(b), 1e-12) for a, b in pairs)
    if gap > tolerance:
        raise InputError(
            "bench",
            f"the losses of {first} and {second} are {pairs}",
            "A ratio of their times would compare two different kinds of work",
            "make them equal; the sides are in skinkd/bench/sides",
        )
    return f"Losses {_listed(pairs)}: {100 * gap:.2g} % apart."


def _losses(reading: dict) -> list[float]:
    """The losses that a side told."""
    return reading["losses"] if "losses" in reading else [reading["loss"]]


def _listed(pairs: list[tuple[float, float]]) -> str:
    """Pairs of losses in words."""
    return ", ".join(f"{ours:.5g} and {other:.5g}" for ours, other in pairs)
