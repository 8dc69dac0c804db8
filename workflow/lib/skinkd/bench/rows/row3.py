"""The share of a step that is neither forward nor backward nor optimiser: augmentation, bookkeeping."""

from functools import partial

from skinkd.bench.comparing import CPU_MS, Reading, Row, compare
from skinkd.bench.crew import Side
from skinkd.bench.experiments import LARGE_PX, STEPS, Experiment
from skinkd.bench.ours import ALONE
from skinkd.bench.scene import Scene, pack_scene

# Network, pairs of steps in a turn, goal on a CPU, seconds of a turn.
SETTINGS = (("mobilenet_v2", 2 * STEPS, "≤ 0.05", 12), ("dsnet", STEPS, "", 7))
ALL = "Pictures, augmentation, normalisation, losses, sums, drawing of views; steps of both sides in turn."


def experiments(scene: Scene) -> list[Experiment]:
    """One for each network."""
    return [experiment(scene, *setting) for setting in SETTINGS]


def experiment(
    scene: Scene,
    network: str,
    steps: int,
    goal: str,
    turn_s: float,
    device: str = "cpu",
    read: Reading = CPU_MS,
) -> Experiment:
    """A network on a device."""
    told = {**scene.at(LARGE_PX), "network": network, "steps": steps, "device": device}
    sides = {"pair": Side("paired_steps", {**told, "first": {"loss": ALONE}})}
    name = "_".join(["row3", *(["cuda"] if device == "cuda" else []), network, str(LARGE_PX)])
    return Experiment(
        name, sides, partial(_rows, name, network, goal, read), turn_s, partial(pack_scene, scene, LARGE_PX)
    )


def _rows(name: str, network: str, goal: str, read: Reading, turns: list[dict]) -> list[Row]:
    """One row."""
    what = f"training step, {network}, 224 px: ours, its forward, backward and optimiser alone"
    pairs = [turn["pair"] for turn in turns]
    return [
        compare(pairs, "ours", "other", read, "1 − other / ours", name=name, what=what, goal=goal, note=ALL)
    ]
