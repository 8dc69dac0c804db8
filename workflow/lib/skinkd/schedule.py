"""Which images come together, batch by batch; made once for all trainers that show the same."""

import numpy as np
import torch
from torch import Tensor

from skinkd.samplers import shown

VALIDATION_BATCH = 64


class Schedule:
    """The batches of epochs: indices on the host.

    Trainers that share a schedule and ask alike get the same tensors, by which a part of a split knows
    that it has made their pictures already.
    """

    def __init__(self):
        self._made: dict[tuple, list[Tensor]] = {}

    def of_training(
        self, part, sampler: dict, batch_size: int, confidence: np.ndarray | None, seed: int, epoch: int
    ) -> list[Tensor]:
        """The batches of one epoch of training.

        Args:
            part: the training part.
            sampler: draw and order, see `skinkd.samplers.shown`.
            confidence: (n,) the teacher's; None where order is random.
        """
        sorted_by = None if confidence is None else confidence.tobytes()
        asked = (epoch, id(part), *sampler.items(), batch_size, seed, sorted_by)
        if asked not in self._made:
            order = shown(
                **sampler, labels=part.labels.cpu().numpy(), confidence=confidence, seed=seed, epoch=epoch
            )
            self._forget_epochs_but(epoch)
            self._made[asked] = whole_batches(torch.from_numpy(order), batch_size)
        return self._made[asked]

    def of_validation(self, part) -> list[Tensor]:
        """The whole part in batches, in its own order."""
        asked = (None, id(part), VALIDATION_BATCH)
        if asked not in self._made:
            self._made[asked] = list(torch.arange(len(part)).split(VALIDATION_BATCH))
        return self._made[asked]

    def _forget_epochs_but(self, epoch: int) -> None:
        """Keep the batches of this epoch, and those of validation."""
        self._made = {asked: made for asked, made in self._made.items() if asked[0] in (None, epoch)}


def whole_batches(order: Tensor, batch_size: int) -> list[Tensor]:
    """`order` in batches; a last batch of a single image joins its neighbour, since batch norm needs two."""
    batches = list(order.split(batch_size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches
