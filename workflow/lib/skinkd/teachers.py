"""What a student is told by its teachers: logits from a cache, or anything from the teacher itself."""

import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from skinkd.device import Device
from skinkd.networks import Features


@dataclass(frozen=True)
class TeacherLogits:
    """What teachers said: of every training image in every view, and of the validation images.

    Attributes:
        train: (teachers, views, n_train, classes).
        validation: (teachers, n_validation, classes).
    """

    train: Tensor
    validation: Tensor

    def of_batch(self, chosen: Tensor, view: int | None) -> dict[str, Tensor]:
        """Signals for a batch of the training part, or of the validation part where `view` is None."""
        said = self.validation if view is None else self.train[:, view % self.train.shape[1]]
        said = said[:, chosen]
        return {"teacher": said[0], "teachers": said}

    def confidence(self) -> Tensor:
        """The first teacher's greatest probability for each training image in the first view, (n_train,)."""
        return self.train[0, 0].softmax(dim=1).amax(dim=1)


class OnlineTeacher:
    """A teacher that looks at the student's own pictures.

    Attributes:
        network: frozen, in evaluation mode.
        projection: its self-supervision head, or None.
        device: where it runs, in the precision in which its logits would be cached.
        features: its last map, watched.
        reused_s: seconds that looks took which were shared, each time that they were.
    """

    def __init__(self, network: nn.Module, projection: nn.Module | None, device: Device):
        self.network, self.projection, self.device = network, projection, device
        self.features = Features(network)
        self._seen: list[weakref.ref] = []
        self._found: dict[str, Tensor] = {}
        self._took_s = self.reused_s = 0.0

    def once(self, pictures: list[Tensor], look: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        """What `look` finds; students that show the very same tensors after each other share one look.

        The pictures themselves are not kept alive, and what was found is not to be written to.
        """
        seen = [reference() for reference in self._seen]
        if len(seen) == len(pictures) and all(old is new for old, new in zip(seen, pictures, strict=True)):
            self.reused_s += self._took_s
            return dict(self._found)
        started_s = time.monotonic()
        self._found, self._seen = look(), [weakref.ref(picture) for picture in pictures]
        self._took_s = time.monotonic() - started_s
        return dict(self._found)


def altered(said: TeacherLogits, control: str | None, seed: int) -> TeacherLogits:
    """The teachers of a control arm.

    Args:
        control: `shuffled`: the images' logits are permuted, in all views alike;
            `uniform`: every class gets the same logit; None leaves them as they are.
        seed: of the shuffling.
    """
    if control == "uniform":
        return TeacherLogits(torch.zeros_like(said.train), torch.zeros_like(said.validation))
    if control == "shuffled":
        return replace(
            said,
            train=said.train[:, :, _shuffled(said.train.shape[2], seed)],
            validation=said.validation[:, _shuffled(said.validation.shape[1], seed)],
        )
    return said


def _shuffled(n: int, seed: int) -> Tensor:
    """A permutation of n."""
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed))
