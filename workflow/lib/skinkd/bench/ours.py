"""Our side of the comparisons: runs of the pipeline's own trainer, put together as its jobs do it."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from skinkd.bench.scene import Scene, parts_of
from skinkd.bench.students import network_of
from skinkd.device import Device, choose_device
from skinkd.isic import CLASSES
from skinkd.losses import objective
from skinkd.runs import make_trainer, open_teacher, read_teachers
from skinkd.sources import PACKAGE
from skinkd.training import Trainer

sys.path.append(str(PACKAGE.parents[1] / "scripts"))
from cache_targets import make_targets

BATCH = 32
SGD = {"name": "sgd", "learning_rate": 1e-3, "momentum": 0.9, "weight_decay": 1e-3}
ENDLESS = 10**6
# The losses of rows that are about the loop, not about a paper.
ALONE = [{"name": "cross_entropy", "weight": 1.0}]
TEMPERATURE, SHARE = 4.0, 0.5
DISTILLED = [
    {"name": "cross_entropy", "weight": SHARE},
    {"name": "softened_divergence", "weight": 1 - SHARE, "temperature": TEMPERATURE, "scaled": True},
]
# A single term, which needs no weighing against others: an epoch then is its steps and its validation.
IMITATING = DISTILLED[1:]


def run_of(loss: list[dict], batch: int = BATCH, seed: int = 0, epochs: int = ENDLESS) -> dict:
    """What a job would be told, as far as the trainer asks."""
    return {
        "loss": loss,
        "training": {
            "epochs": epochs,
            "batch_size": batch,
            "optimizer": SGD,
            "selection": "last",
        },
        "control": None,
        "augmentation": "ssd_kd",
        "view_seed": 0,
        "views": 1,
        "seed": seed,
        "seed_offset": 0,
    }


def device_of(name: str = "cpu", precision: str = "auto") -> Device:
    """The device of a side, with the threads that its process was given."""
    return choose_device(name, precision, torch.get_num_threads())


def path_to_targets(scene: Scene, size_px: int) -> Path:
    """A file of targets; each process has its own."""
    return scene.path_to_teacher(size_px).with_name(f"targets-{time.monotonic_ns()}.safetensors")


def cache(scene: Scene, size_px: int, device: Device, path: Path) -> None:
    """What the job that caches a teacher's logits does."""
    make_targets(
        scene.packed(size_px)["array"],
        scene.packed(size_px)["split"],
        scene.path_to_teacher(size_px),
        views=1,
        view_seed=0,
        augmentation="ssd_kd",
        device={"name": device.name, "precision": device.precision, "threads": torch.get_num_threads()},
        path_to_targets=path,
    )


def teachers_logits(scene: Scene, size_px: int, parts: dict, run: dict, device: Device):
    """Cached logits of the scene's teacher, by way of a file as in a job."""
    path = path_to_targets(scene, size_px)
    cache(scene, size_px, device, path)
    made_from = {f"path_to_{name}": scene.packed(size_px)[name] for name in ("array", "split")}
    try:
        return read_teachers([path], [scene.path_to_teacher(size_px)], parts, run, device.name, **made_from)
    finally:
        path.unlink()


def trainer_of(device: str = "cpu", precision: str = "auto", **settings) -> Trainer:
    """A trainer as a job makes it; `settings` as `trainer_on` takes them."""
    return trainer_on(device_of(device, precision), **settings)


def trainer_on(
    device: Device,
    scene: dict,
    size_px: int,
    network: str,
    loss: list[dict],
    *,
    teacher: str | None = None,
    projects: bool = False,
    batch: int = BATCH,
) -> Trainer:
    """A trainer that would never end.

    Args:
        scene: fields of a `Scene`.
        teacher: None, `cached` or `online`.
        projects: whether a loss asks for the teacher's self-supervision head.
    """
    scene, run = Scene(**scene), run_of(loss, batch)
    parts = parts_of(scene, size_px, device.name)
    torch.manual_seed(0)
    student = network_of(network, len(CLASSES), size_px)
    said = teachers_logits(scene, size_px, parts, run, device) if teacher == "cached" else None
    head = scene.path_to_projection(size_px) if projects else None
    online = open_teacher(scene.path_to_teacher(size_px), head, device) if teacher == "online" else None
    torch.manual_seed(0)
    return make_trainer(student, parts, run, device, said, online)


def first_batch(trainer: Trainer) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The pictures of the first indices in their first view, one tensor for each turn, and their labels."""
    part, batch = trainer.train_part, trainer.recipe.batch_size
    chosen = torch.arange(min(batch, len(part)))
    turns = trainer.signals.quarter_turns
    pictures = [part.batch(chosen, part.parameters(turn * trainer.views), turn) for turn in turns]
    return pictures, part.labels[chosen.to(part.labels.device)]


def first_loss(trainer: Trainer) -> float:
    """The objective of the first batch before any step."""
    pictures, labels = first_batch(trainer)
    trainer.network.train()
    trainer.helpers.train()
    chosen = torch.arange(len(labels), device=labels.device)
    cached = trainer.cached.of_batch(chosen, 0) if trainer.cached else {}
    with torch.no_grad():
        return float(objective(trainer.terms, trainer.signals.of(pictures, labels, cached)))


def drawing_s(trainer: Trainer) -> float:
    """CPU seconds of drawing the parameters of one picture's views, which an epoch does at its start."""
    part, turns = trainer.train_part, len(trainer.signals.quarter_turns)
    started_s = time.process_time()
    for view in range(turns):
        part.parameters(ENDLESS + time.monotonic_ns() % ENDLESS + view)
    return (time.process_time() - started_s) / len(part)


def steps_of(trainer: Trainer) -> Iterator[dict]:
    """The cost of every step within an epoch, its share of drawing views included.

    Left out are an epoch's first step, in which the former epoch is validated and selected, and its middle
    one, which also weighs the terms: of the 570 steps of an epoch at the papers' scale, they are two.

    Raises:
        ValueError: where an epoch has no other steps.
    """
    batches = -(-len(trainer.train_part) // trainer.recipe.batch_size)
    if batches < 3:
        raise ValueError(f"an epoch of {batches} steps has none that counts")
    steps = trainer.steps(say=lambda line: None)
    while True:
        drawn_s = drawing_s(trainer) * trainer.recipe.batch_size
        for index in range(batches):
            said = timed_step(lambda: next(steps), trainer.device)
            if index not in (0, batches // 2):
                yield {key: value + drawn_s for key, value in said.items()} | {
                    "images": trainer.recipe.batch_size
                }


def timed_step(step: Callable, device: Device) -> dict:
    """CPU and wall seconds of a step, the device's work included."""
    synchronise(device)
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    step()
    synchronise(device)
    return {"cpu_s": time.process_time() - started_cpu_s, "wall_s": time.perf_counter() - started_s}


def synchronise(device: Device) -> None:
    """Wait for what the device still does."""
    if device.name == "cuda":
        torch.cuda.synchronize()


def added(costs: list[dict]) -> dict:
    """The sum of several costs."""
    return {key: sum(cost[key] for cost in costs) for key in costs[0]}
