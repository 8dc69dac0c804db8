"""The precision and memory format that the pipeline chooses, against float32 in torch's own format."""

from functools import partial

from skinkd.bench.comparing import CPU_MS, Reading, Row, compare
from skinkd.bench.crew import Side
from skinkd.bench.experiments import LARGE_PX, Experiment
from skinkd.bench.scene import Scene, pack_scene
from skinkd.bench.sides.looks import AT_ONCE, TEACHER
from skinkd.bench.students import SMALL

STEPS = 2
# What, network, seconds of a turn.
SETTINGS = (
    ("training", "mobilenet_v2", 10),
    ("training", "dsnet", 14),
    ("training", SMALL, 2),
    ("inference", "mobilenet_v2", 5),
    ("inference", TEACHER, 12),
)


def experiments(scene: Scene) -> list[Experiment]:
    """One for each network and use."""
    return [experiment(scene, *setting) for setting in SETTINGS]


def experiment(
    scene: Scene, use: str, network: str, turn_s: float, device: str = "cpu", read: Reading = CPU_MS
) -> Experiment:
    """A network's training or inference on a device."""
    told = {**scene.at(LARGE_PX), "network": network, "device": device}
    if use == "training":
        sides = {
            "ours": Side("bare_steps", {**told, "steps": STEPS}),
            "plain": Side("plain_steps", {**told, "steps": STEPS}),
        }
    else:
        sides = {how: Side("looks", {**told, "how": how, "pictures": AT_ONCE}) for how in ("ours", "plain")}
    name = "_".join(["row6", *(["cuda"] if device == "cuda" else []), use, network, str(LARGE_PX)])
    return Experiment(
        name, sides, partial(_rows, name, use, network, read), turn_s, partial(pack_scene, scene, LARGE_PX)
    )


def _rows(name: str, use: str, network: str, read: Reading, turns: list[dict]) -> list[Row]:
    """One row."""
    shown = "ResNet-50 as a frozen teacher" if network == TEACHER else network
    what = f"{use} of {shown}, 224 px, ready pictures: ours, float32 in torch's own format"
    words = {
        "name": name,
        "what": what,
        "note": "Ours also keeps the memory that a step frees for the next one.",
    }
    return [compare(turns, "ours", "plain", read, "other / ours", **words)]
