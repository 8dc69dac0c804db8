"""Forward, backward and optimiser alone, on pictures that are ready: what no loop can do without."""

from collections.abc import Iterator
from functools import partial

import torch
import torch.nn.functional as F

from skinkd.bench.ours import ALONE, added, first_batch, timed_step, trainer_of
from skinkd.training import Trainer


def prepare(steps: int, **settings):
    """`steps` steps each time; `settings` as `trainer_of` takes them, without its teacher."""
    costs = bare_steps_of(trainer_of(loss=ALONE, **settings))
    return lambda: added([next(costs) for _ in range(steps)])


def bare_steps_of(trainer: Trainer) -> Iterator[dict]:
    """The cost of steps of a trainer's network and optimiser on one batch, again and again."""
    (pictures, *_), labels = first_batch(trainer)
    trainer.network.train()
    step = partial(bare_step, trainer, pictures, labels)
    while True:
        yield timed_step(step, trainer.device) | {"images": len(labels)}


def bare_step(trainer: Trainer, pictures: torch.Tensor, labels: torch.Tensor) -> None:
    """Forward, backward, optimiser."""
    with trainer.device.autocast():
        logits = trainer.network(pictures)
    F.cross_entropy(logits.float(), labels).backward()
    trainer.optimizer.step()
    trainer.optimizer.zero_grad(set_to_none=True)
