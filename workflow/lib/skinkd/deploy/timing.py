"""How long one picture takes, for many networks in one run."""

import time
from collections.abc import Callable

import numpy as np

WARM_UPS = 3
HOW = (
    "one thread of the CPU, one picture at a time, from uint8 pixels to probabilities, in onnxruntime; the "
    "networks take turns, and each value is the median over the turns of that turn's median (p50) or 95th "
    "percentile (p95)"
)


def time_in_turns(calls: dict[str, Callable], *, turns: int, repeats: int) -> dict[str, dict]:
    """Milliseconds of each call, measured in turns so that a slow minute of the machine meets all of them.

    Args:
        calls: what is timed, by name.
        turns: how often each has its turn.
        repeats: calls within a turn, after a few that are not counted.

    Returns:
        For each name, p50 and p95 in ms: medians over the turns, and the values of each turn.
    """
    of_turns: dict[str, list] = {name: [] for name in calls}
    for _ in range(turns):
        for name, call in calls.items():
            of_turns[name].append(_turn(call, repeats))
    return {name: _described(np.array(values)) for name, values in of_turns.items()}


def _turn(call: Callable, repeats: int) -> tuple[float, float]:
    """Median and 95th percentile of the calls of one turn, ms."""
    for _ in range(WARM_UPS):
        call()
    taken_s = np.empty(repeats)
    for index in range(repeats):
        started_s = time.perf_counter()
        call()
        taken_s[index] = time.perf_counter() - started_s
    return tuple(1000 * np.percentile(taken_s, [50, 95]))


def _described(values: np.ndarray) -> dict:
    """Of (turns, 2) milliseconds."""
    p50, p95 = np.median(values, axis=0)
    return {
        "p50_ms": float(p50),
        "p95_ms": float(p95),
        "turns_p50_ms": values[:, 0].tolist(),
        "turns_p95_ms": values[:, 1].tolist(),
    }
