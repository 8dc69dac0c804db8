"""D-KD and SSD-KD against the loop that their authors describe, at equal losses."""

from functools import partial

from skinkd.bench.comparing import CPU_MS, WALL_MS, Row, compare
from skinkd.bench.crew import Side
from skinkd.bench.experiments import LARGE_PX, Experiment, check_equal
from skinkd.bench.scene import Scene, pack_scene
from skinkd.config import read_config
from skinkd.study import BASE, open_study

# Arm, whether it has turned views, batch, seconds of a turn. With four views of 32 pictures, the batch of the
# authors' code, the described loop would fill 18 GB.
SETTINGS = (("d_kd", False, 32, 25), ("ssd_kd", True, 16, 30))
TOLERANCE = 0.05
EXACT = 1e-3
SAME = (
    "The terms of the authors' code. Same JPEGs, views, batch and initial weights; both run the "
    "teacher beside the student. The described loop decodes in two workers, augments picture by picture, "
    "computes in float32, and takes each relation from the products that its equation names."
)


def losses_of(arm: str) -> list[dict]:
    """The terms of an arm as SSD-KD's code has them, from the papers' own study."""
    study = open_study(read_config(BASE, BASE.with_name("full.yaml"), papers=["ssd_kd"]))
    return [term.model_dump() for term in study.arm("ssd_kd", "as_coded", arm).loss]


def experiments(scene: Scene) -> list[Experiment]:
    """One for each arm."""
    return [_of_arm(scene, *setting) for setting in SETTINGS]


def _of_arm(scene: Scene, arm: str, projects: bool, batch: int, turn_s: float) -> Experiment:
    """Ours, the described loop, teacher and student alone, and ours in float32 for its loss."""
    told = {
        **scene.at(LARGE_PX),
        "network": "mobilenet_v2",
        "loss": losses_of(arm),
        "projects": projects,
        "batch": batch,
    }
    ours = {**told, "teacher": "online"}
    sides = {
        "ours": Side("steps", {**ours, "steps": 1}),
        "described": Side("described_epoch", {**told, "pictures": batch}),
        "bare": Side("bare_pairs", {**ours, "steps": 1}),
        "float32": Side("first_loss", {**ours, "precision": "float32"}),
    }
    prepare = partial(pack_scene, scene, LARGE_PX)
    return Experiment(f"row2_{arm}", sides, partial(_rows, arm, batch), turn_s, prepare, warm_ups=0)


def _rows(arm: str, batch: int, turns: list[dict]) -> list[Row]:
    """CPU time and wall time."""
    exact = check_equal(turns, "float32", "described", EXACT)
    rounded = check_equal(turns, "ours", "described", TOLERANCE)
    what = f"{arm}, MobileNetV2, 224 px, batches of {batch}: ours, the loop that the authors describe"
    row = partial(compare, turns, "ours", "described", reads="other / ours", floor="bare")
    note = f"{SAME} In float32: {exact} As timed: {rounded}"
    return [
        row(read=CPU_MS, name=f"row2_{arm}", what=what, goal="≥ 5", note=note),
        row(read=WALL_MS, name=f"row2_{arm}_wall", what=f"{what}; wall time"),
    ]
