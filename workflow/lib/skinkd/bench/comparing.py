"""From readings of two sides to a row of the benchmark: one ratio of each turn, and their median."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Reading:
    """What is read of a side in one turn.

    Attributes:
        unit: of `value`.
        value: from the side's answer.
    """

    unit: str
    value: Callable[[dict], float]


def cpu_ms_per_picture(said: dict) -> float:
    """CPU milliseconds of the side's processes for each picture."""
    return 1000 * said["cpu_s"] / said["images"]


CPU_MS = Reading("CPU ms per picture", cpu_ms_per_picture)
WALL_MS = Reading("ms per picture", lambda said: 1000 * said["wall_s"] / said["images"])
PER_CORE = Reading("pictures per CPU second", lambda said: said["images"] / said["cpu_s"])
PER_SECOND = Reading("pictures per second", lambda said: said["images"] / said["wall_s"])
WALL_S = Reading("s", lambda said: said["wall_s"])

# How the two sides make a ratio; a row's `reads` says it in words.
RATIOS: dict[str, Callable[[float, float], float]] = {
    "other / ours": lambda ours, other: other / ours,
    "ours / other": lambda ours, other: ours / other,
    "1 − other / ours": lambda ours, other: 1 - other / ours,
}


@dataclass(frozen=True)
class Row:
    """A comparison with its result.

    Attributes:
        name: `row1_...`.
        what: both sides in words.
        reads: how the ratio is made, a key of `RATIOS`.
        ours, other: one value for each turn.
        unit: of both.
        goal: of the ratio, such as `≥ 6`, or of our value, such as `ours ≤ 10`; empty where there is none.
        floor: the best ratio that is possible here, as a turn's own work sets it; None where nothing does.
        note: what else a reader must know.
    """

    name: str
    what: str
    reads: str
    ours: list[float]
    other: list[float]
    unit: str
    goal: str = ""
    floor: float | None = None
    note: str = ""

    def ratios(self) -> list[float]:
        """The ratio of each turn."""
        return [RATIOS[self.reads](ours, other) for ours, other in zip(self.ours, self.other, strict=True)]

    def record(self) -> dict:
        """The row of `benchmark.json`: medians over the turns; `low` and `high` are the extreme ratios."""
        ratios = self.ratios()
        return {
            "name": self.name,
            "ratio": median(ratios),
            "low": min(ratios),
            "high": max(ratios),
            "unit": self.unit,
            "ours": median(self.ours),
            "other": median(self.other),
            "repeats": len(ratios),
        }

    def described(self) -> dict:
        """What the record does not say."""
        names = ("name", "what", "reads", "goal", "floor", "note")
        return {name: getattr(self, name) for name in names}


def compare(
    turns: list[dict], ours: str, other: str, read: Reading, reads: str, floor: str | None = None, **words
) -> Row:
    """A row from the turns of its sides.

    Args:
        ours, other: names of the sides.
        read: what counts of each answer.
        reads: how the ratio is made.
        floor: name of a side that does only what ours cannot do without; it sets the row's floor.
        words: the row's name, what, goal and note.
    """
    values = {name: [read.value(turn[name]) for turn in turns] for name in (ours, other)}
    bound = None
    if floor is not None:
        least = [read.value(turn[floor]) for turn in turns]
        bound = median(RATIOS[reads](*pair) for pair in zip(least, values[other], strict=True))
    return Row(reads=reads, ours=values[ours], other=values[other], unit=read.unit, floor=bound, **words)


def met(goal: str, record: dict) -> bool | None:
    """Whether a record meets a goal: `≥ 6` of its ratio, or `ours ≤ 10` of our value; None without one."""
    if not goal:
        return None
    *subject, sign, bound = goal.split()
    value = record[subject[0]] if subject else record["ratio"]
    return value >= float(bound) if sign == "≥" else value <= float(bound)
