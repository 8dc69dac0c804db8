"""What a step with cached logits costs over one with labels alone."""

from dataclasses import replace
from functools import partial

from skinkd.bench.comparing import CPU_MS, Reading, Row, compare
from skinkd.bench.crew import Side
from skinkd.bench.experiments import LARGE_PX, SMALL_PX, STEPS, Experiment
from skinkd.bench.ours import ALONE, DISTILLED
from skinkd.bench.scene import Scene, pack_scene
from skinkd.bench.students import SMALL

# Network, side in px, steps of a turn, goal, seconds of a turn.
SETTINGS = (("mobilenet_v2", LARGE_PX, 2 * STEPS, "≤ 1.03", 15), (SMALL, SMALL_PX, 40 * STEPS, "≤ 1.03", 10))


def experiments(scene: Scene) -> list[Experiment]:
    """One for each network and size."""
    return [experiment(scene, *setting) for setting in SETTINGS]


def experiment(
    scene: Scene,
    network: str,
    size_px: int,
    steps: int,
    goal: str,
    turn_s: float,
    device: str = "cpu",
    read: Reading = CPU_MS,
) -> Experiment:
    """A network on a device."""
    # Many steps in an epoch, as there are in a study.
    scene = scene if size_px == LARGE_PX else replace(scene, times=8)
    told = {**scene.at(size_px), "network": network, "steps": steps, "device": device}
    pair = {"first": {"loss": DISTILLED, "teacher": "cached"}, "second": {"loss": ALONE}}
    name = "_".join(["row4", *(["cuda"] if device == "cuda" else []), network, str(size_px)])
    sides = {"pair": Side("paired_steps", {**told, **pair})}
    return Experiment(
        name,
        sides,
        partial(_rows, name, network, size_px, goal, read),
        turn_s,
        partial(pack_scene, scene, size_px),
    )


def _rows(name: str, network: str, size_px: int, goal: str, read: Reading, turns: list[dict]) -> list[Row]:
    """One row."""
    what = f"{network}, {size_px} px: a step with cached logits, a step with labels alone"
    pairs = [turn["pair"] for turn in turns]
    note = "Median of the steps of a turn, one of each in turn."
    return [compare(pairs, "ours", "other", read, "ours / other", name=name, what=what, goal=goal, note=note)]
