"""Four students in one process against four processes, and against one after another."""

import os
from functools import partial

from skinkd.bench.comparing import WALL_MS, Row, compare
from skinkd.bench.crew import Side
from skinkd.bench.experiments import LARGE_PX, MIDDLE_PX, STEPS, Experiment, check_equal
from skinkd.bench.scene import Scene, pack_scene
from skinkd.bench.students import SMALL

STUDENTS = 4
# Network, side in px, goal over four processes, seconds of a turn.
SETTINGS = ((SMALL, LARGE_PX, "≥ 1.5", 18), ("mobilenet_v2", MIDDLE_PX, "", 18))
# Another number of threads adds in another order; in bfloat16 that shows in the third digit.
TOLERANCE = 0.02


def experiments(scene: Scene) -> list[Experiment]:
    """One for each network."""
    return [experiment(scene, *setting) for setting in SETTINGS]


def experiment(
    scene: Scene, network: str, size_px: int, goal: str, turn_s: float, device: str = "cpu"
) -> Experiment:
    """Four students on a device."""
    threads = min(STUDENTS, os.cpu_count() or 1)
    told = {**scene.at(size_px), "network": network, "epochs": 1, "device": device}
    all_of_them, one = {**told, "students": STUDENTS}, {**told, "students": 1, "together": False}
    bare = {**scene.at(size_px), "network": network, "steps": 2 * STEPS, "device": device}
    sides = {
        "together": Side("students", {**all_of_them, "together": True}, threads=threads),
        "processes": Side("students", one, processes=STUDENTS),
        "in turn": Side("students", {**all_of_them, "together": False}, threads=threads),
        "bare": Side("bare_steps", bare, processes=threads),
    }
    name = "_".join(["row7", *(["cuda"] if device == "cuda" else []), network, str(size_px)])
    return Experiment(
        name, sides, partial(_rows, name, network, size_px, goal), turn_s, partial(pack_scene, scene, size_px)
    )


def _rows(name: str, network: str, size_px: int, goal: str, turns: list[dict]) -> list[Row]:
    """Over four good processes, and over one after another."""
    what = f"{STUDENTS} distilled students, {network}, {size_px} px: in one process on shared batches"
    row = partial(compare, turns, "together", read=WALL_MS, reads="other / ours", floor="bare")
    checked = partial(check_equal, turns, "together", tolerance=TOLERANCE)
    return [
        row(
            "processes",
            name=f"{name}_over_processes",
            what=f"{what}, in {STUDENTS} processes of one thread",
            goal=goal,
            note=f"A process each, packed pictures, our precision. {checked('processes')}",
        ),
        row(
            "in turn",
            name=f"{name}_over_one_after_another",
            what=f"{what}, one after another in one process",
            note=checked("in turn"),
        ),
    ]
