"""A teacher's look and its student's step alone, on ready pictures: the floor with a teacher beside."""

import torch

from skinkd.bench.ours import added, first_batch, timed_step, trainer_of
from skinkd.bench.sides.bare_steps import bare_step


def prepare(steps: int, **settings):
    """`steps` steps each time; `settings` as `trainer_of` takes them, their teacher online."""
    trainer = trainer_of(**settings)
    turns, labels = first_batch(trainer)
    pictures, all_labels = torch.cat(turns), labels.repeat(len(turns))
    trainer.network.train()
    teacher = trainer.signals.teacher.network

    def step() -> None:
        teacher(pictures)
        bare_step(trainer, pictures, all_labels)

    def work() -> dict:
        costs = [timed_step(step, trainer.device) for _ in range(steps)]
        return added(costs) | {"images": steps * len(labels)}

    return work
