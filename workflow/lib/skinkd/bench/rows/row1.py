"""Distillation with cached logits against torchdistill's loop, same pictures, same views, same batch."""

from dataclasses import replace
from functools import partial

from skinkd.bench.comparing import CPU_MS, WALL_MS, Row, compare
from skinkd.bench.crew import Side
from skinkd.bench.experiments import LARGE_PX, SMALL_PX, STEPS, Experiment, check_equal
from skinkd.bench.ours import DISTILLED
from skinkd.bench.scene import Scene, pack_scene
from skinkd.bench.students import SMALL

# Network, side in px, pictures of torchdistill's epoch, goal, seconds of a turn.
SETTINGS = (
    ("mobilenet_v2", LARGE_PX, 64, "≥ 6", 30),
    (SMALL, LARGE_PX, 64, "≥ 12", 15),
    (SMALL, SMALL_PX, 256, "≥ 20", 6),
)
# Ours computes in bfloat16, torchdistill in float32.
TOLERANCE = 0.03
SAME = (
    "Same JPEGs, views, batch, initial weights and loss. Ours reads packed pictures and cached logits; "
    "torchdistill decodes in two workers and runs the teacher beside the student, in float32."
)


def experiments(scene: Scene) -> list[Experiment]:
    """One for each student and size, and DSNet against its own arithmetic."""
    return [_against_torchdistill(scene, *setting) for setting in SETTINGS] + [_dsnet(scene)]


def _against_torchdistill(
    scene: Scene, network: str, size_px: int, pictures: int, goal: str, turn_s: float
) -> Experiment:
    """Ours, torchdistill, ours without input and teacher, and what the caching took."""
    # A small step is over before a clock is sure of it; and there are many of them in an epoch.
    times = 1 if size_px == LARGE_PX else 8
    scene, steps = replace(scene, times=times), times * STEPS
    told = {**scene.at(size_px), "network": network}
    sides = {
        "ours": Side("steps", {**told, "loss": DISTILLED, "teacher": "cached", "steps": steps}),
        "torchdistill": Side("torchdistill_epoch", {**told, "pictures": pictures}),
        "bare": Side("bare_steps", {**told, "steps": steps}),
        "caching": Side("caching", scene.at(size_px)),
    }
    name = f"row1_{network}_{size_px}"
    return Experiment(
        name, sides, partial(_rows, name, network, size_px, goal), turn_s, partial(pack_scene, scene, size_px)
    )


def _rows(name: str, network: str, size_px: int, goal: str, turns: list[dict]) -> list[Row]:
    """CPU time, wall time, and CPU time where the cache is made for one student that sees each view once."""
    losses = check_equal(turns, "ours", "torchdistill", TOLERANCE)
    what = f"distillation step, {network} from ResNet-50, {size_px} px: ours, torchdistill"
    row = partial(compare, turns, "ours", "torchdistill", reads="other / ours", floor="bare")
    alone = [turn | {"ours": _with_cache(turn), "bare": _with_cache(turn, "bare")} for turn in turns]
    return [
        row(read=CPU_MS, name=name, what=what, goal=goal, note=f"{SAME} {losses}"),
        row(
            read=WALL_MS,
            name=f"{name}_wall",
            what=f"{what}; wall time",
            note="torchdistill uses more than one core.",
        ),
        compare(
            alone,
            "ours",
            "torchdistill",
            CPU_MS,
            "other / ours",
            name=f"{name}_cache_for_one",
            what=f"{what}; the cache made for one student that sees each view once",
            note=paid(turns),
        ),
    ]


def _with_cache(turn: dict, side: str = "ours") -> dict:
    """A side's cost with a cached look at each of its pictures."""
    cost, cache = turn[side], turn["caching"]
    share = cost["images"] / cache["images"]
    return cost | {key: cost[key] + share * cache[key] for key in ("cpu_s", "wall_s")}


def paid(turns: list[dict]) -> str:
    """When the cache is paid, in words."""
    turn = turns[len(turns) // 2]
    ours, other, cache = (CPU_MS.value(turn[side]) for side in ("ours", "torchdistill", "caching"))
    return (
        f"Caching takes {cache:.3g} CPU ms per picture and view, once for all students; a step saves "
        f"{other - ours:.3g}. A view has paid for itself when it was shown "
        f"{epochs_until_paid(cache, other - ours)}."
    )


def epochs_until_paid(cache_ms: float, saved_ms: float) -> str:
    """How often a cached view must be shown until caching was worth it."""
    if saved_ms <= 0:
        return "for ever"
    times = max(1, -int(-cache_ms // saved_ms))
    return "once" if times == 1 else f"{times} times"


def _dsnet(scene: Scene) -> Experiment:
    """DSNet distilled, against its own forward, backward and optimiser."""
    told = {**scene.at(LARGE_PX), "network": "dsnet", "steps": STEPS}
    sides = {"pair": Side("paired_steps", {**told, "first": {"loss": DISTILLED, "teacher": "cached"}})}
    return Experiment(
        "row1_dsnet_224_over_own", sides, _rows_of_dsnet, 8, partial(pack_scene, scene, LARGE_PX)
    )


def _rows_of_dsnet(turns: list[dict]) -> list[Row]:
    """One row."""
    return [
        compare(
            [turn["pair"] for turn in turns],
            "ours",
            "other",
            CPU_MS,
            "ours / other",
            name="row1_dsnet_224_over_own",
            what="distillation step, DSNet, 224 px: ours, its forward, backward and optimiser alone",
            goal="≤ 1.1",
        )
    ]
