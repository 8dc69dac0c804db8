"""Several students in one process, on shared batches or one after another."""

import torch

from skinkd.bench.ours import IMITATING, device_of, run_of, teachers_logits
from skinkd.bench.scene import Scene, parts_of
from skinkd.bench.students import network_of
from skinkd.isic import CLASSES
from skinkd.runs import make_trainer
from skinkd.together import run_together
from skinkd.training import Trainer


def prepare(
    scene: dict,
    size_px: int,
    network: str,
    students: int,
    epochs: int,
    together: bool,
    number: int = 0,
    device: str = "cpu",
):
    """All students from their start to their end each time.

    Args:
        students: how many; they differ in their random weights.
        number: of the first of them.
    """
    scene, chosen = Scene(**scene), device_of(device)
    run = run_of(IMITATING, epochs=epochs)
    parts = parts_of(scene, size_px, chosen.name)
    said = teachers_logits(scene, size_px, parts, run, chosen)

    def work() -> dict:
        seeds = range(number, number + students)
        trainers = [trainer_of_student(seed, parts, run, chosen, said, network) for seed in seeds]
        finish(trainers, together)
        losses = [trainer.history[-1]["train_loss"] for trainer in trainers]
        return {"images": students * epochs * len(parts["train"]), "losses": losses}

    return work


def trainer_of_student(seed: int, parts: dict, run: dict, device, said, network: str) -> Trainer:
    """One student."""
    torch.manual_seed(seed)
    student = network_of(network, len(CLASSES), parts["train"].size_px)
    return make_trainer(student, parts, run, device, said, None)


def finish(trainers: list[Trainer], together: bool) -> None:
    """Train them all to their ends."""
    if together:
        failed = [error for error in run_together(trainers) if error is not None]
        if failed:
            raise failed[0]
        return
    for trainer in trainers:
        trainer.run(say=lambda line: None)
