"""What a GPU adds: pictures per second, shares of its matrix rate, epochs, packed students, the grid."""

from dataclasses import replace
from functools import partial

from skinkd.bench.comparing import PER_SECOND, WALL_MS, Reading, Row, compare
from skinkd.bench.crew import Side
from skinkd.bench.experiments import LARGE_PX, Experiment
from skinkd.bench.ours import DISTILLED
from skinkd.bench.rows import row3, row4, row6, row7
from skinkd.bench.scene import Scene, pack_scene
from skinkd.bench.students import network_of
from skinkd.isic import CLASSES

# SSD-KD's training part and recipe.
PICTURES, EPOCHS, BATCH = 18_238, 150, 128
# So that an epoch of the scene has more than a few batches of that size.
TIMES = 16
STEPS = 20
NETWORKS = ("mobilenet_v2", "dsnet", "resnet")
SECONDS_PER_HOUR = 3600
# A forward and a backward pass, two operations for each multiply-accumulate.
PASS = 3 * 2

TERAFLOPS = Reading("TFLOP/s", lambda said: said["flop"] / said["wall_s"] / 1e12)
EPOCH_S = Reading(
    f"s per epoch of {PICTURES:,} pictures", lambda said: epoch_s(said["images"] / said["wall_s"])
)
STUDENTS = Reading("students per hour", lambda said: students_per_hour(said["images"] / said["wall_s"]))
HOURS = Reading("GPU hours", lambda said: said["hours"])


def epoch_s(pictures_per_s: float) -> float:
    """Seconds of an epoch of SSD-KD's training part."""
    return PICTURES / pictures_per_s


def students_per_hour(pictures_per_s: float) -> float:
    """Students that train for all of SSD-KD's epochs, from the pictures that all of them see in a second."""
    return SECONDS_PER_HOUR * pictures_per_s / (PICTURES * EPOCHS)


def with_flop(said: dict, macs: int) -> dict:
    """A reading of training steps with the arithmetic of its network."""
    return said | {"flop": PASS * macs * said["images"]}


def bound_hours(flop: float, said: dict) -> float:
    """Hours that an amount of arithmetic takes at a measured rate."""
    return flop / (said["flop"] / said["wall_s"]) / SECONDS_PER_HOUR


def experiments(scene: Scene) -> list[Experiment]:
    """None without a CUDA device."""
    import torch

    if not torch.cuda.is_available():
        return []
    long = replace(scene, times=TIMES)
    return [
        *(_training(long, network) for network in NETWORKS),
        row3.experiment(long, "mobilenet_v2", STEPS, "≤ 0.1", 10, "cuda", WALL_MS),
        row4.experiment(long, "mobilenet_v2", LARGE_PX, STEPS, "≤ 1.03", 10, "cuda", WALL_MS),
        row6.experiment(long, "inference", row6.TEACHER, 10, "cuda", WALL_MS),
        *(_students(long, network) for network in NETWORKS[:2]),
        _grid(),
    ]


def _training(scene: Scene, network: str) -> Experiment:
    """Steps of ours, steps as torch does them by itself, and the matrix rate."""
    told = {**scene.at(LARGE_PX), "network": network, "batch": BATCH, "steps": STEPS, "device": "cuda"}
    sides = {
        "ours": Side("steps", {**told, "loss": DISTILLED, "teacher": "cached"}),
        "plain": Side("plain_steps", told),
        "multiplying": Side("multiplying"),
    }
    name = f"cuda_training_{network}_{LARGE_PX}"
    return Experiment(
        name, sides, partial(_rows_of_training, name, network), 10, partial(pack_scene, scene, LARGE_PX)
    )


def _rows_of_training(name: str, network: str, turns: list[dict]) -> list[Row]:
    """Pictures per second, share of the matrix rate, seconds of an epoch."""
    from skinkd.network_cost import multiply_accumulates

    macs = multiply_accumulates(network_of(network, len(CLASSES), LARGE_PX), LARGE_PX)
    counted = [turn | {"ours": with_flop(turn["ours"], macs)} for turn in turns]
    what = f"training, {network}, {LARGE_PX} px, batches of {BATCH}"
    plainly = "float32 in torch's own format on ready pictures"
    return [
        compare(
            *(turns, "ours", "plain", PER_SECOND, "ours / other"),
            **{"name": name, "what": f"{what}: ours, {plainly}"},
        ),
        compare(
            *(counted, "ours", "multiplying", TERAFLOPS, "ours / other"),
            **{"name": f"{name}_matrix_rate", "what": f"{what}: ours, products of large matrices"},
        ),
        compare(
            *(turns, "ours", "plain", EPOCH_S, "other / ours"),
            **{"name": f"{name}_epoch", "what": f"{what}: ours, {plainly}"},
        ),
    ]


def _students(scene: Scene, network: str) -> Experiment:
    """The sides of row 7 on a GPU, as students per hour."""
    experiment = row7.experiment(scene, network, LARGE_PX, "", 60, "cuda")
    name = f"cuda_students_{network}_{LARGE_PX}"
    return replace(experiment, name=name, rows=partial(_rows_of_students, name, network))


def _rows_of_students(name: str, network: str, turns: list[dict]) -> list[Row]:
    """Sharing in one process and in several, against one after another."""
    words = {"together": "in one process on shared batches", "processes": "in a process each"}
    return [
        compare(
            *(turns, side, "in turn", STUDENTS, "ours / other"),
            name=f"{name}_{side}",
            what=f"{row7.STUDENTS} students, {network}, {LARGE_PX} px: {how}, one after another",
            note=f"{EPOCHS} epochs of {PICTURES:,} pictures for each student.",
        )
        for side, how in words.items()
    ]


def _grid() -> Experiment:
    """The forecast of all jobs, and the matrix rate."""
    sides = {"forecast": Side("forecasting", threads=4), "multiplying": Side("multiplying")}
    return Experiment("cuda_grid", sides, _rows_of_grid, 120)


def _rows_of_grid(turns: list[dict]) -> list[Row]:
    """Hours of the complete grid, and those that its arithmetic takes at the matrix rate."""
    bounded = [
        turn | {"bound": {"hours": bound_hours(turn["forecast"]["flop"], turn["multiplying"])}}
        for turn in turns
    ]
    what = "the papers' complete grid: forecast one job at a time, its arithmetic at the matrix rate"
    words = {"name": "cuda_grid_hours", "what": what}
    return [compare(bounded, "forecast", "bound", HOURS, "ours / other", **words)]
