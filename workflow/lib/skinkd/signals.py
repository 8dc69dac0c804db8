"""What an arm's losses ask for, from the pictures of one batch; see `skinkd.losses` for the names."""

from contextlib import nullcontext

import torch
from torch import Tensor, nn

from skinkd.networks import Features
from skinkd.teachers import OnlineTeacher

QUARTER_TURNS = (0, 1, 2, 3)
TURNED = {"rotated_student", "rotated_teacher", "student_projection", "teacher_projection"}
MAPS = {"map", "embedding", "projection"}


class Signals:
    """A student, and perhaps its teacher, seen through what the losses ask for.

    Args:
        asked: names of the signals.
        projection: the student's self-supervision head, or None.
        teacher: None where there is no teacher, or its logits come from a cache.
        trains_network: False where the network is frozen and only its projection is trained.
    """

    def __init__(
        self,
        network: nn.Module,
        asked: set[str],
        *,
        device,
        projection: nn.Module | None = None,
        teacher: OnlineTeacher | None = None,
        trains_network: bool = True,
    ):
        self.network, self.device, self.projection, self.teacher = network, device, projection, teacher
        self.asked, self.trains_network = asked, trains_network
        self.quarter_turns = QUARTER_TURNS if asked & TURNED else QUARTER_TURNS[:1]
        self._student_features = self._features("student", network)
        self._teacher_features = teacher and self._features("teacher", teacher.network)

    def of(self, pictures: list[Tensor], labels: Tensor, cached: dict[str, Tensor]) -> dict[str, Tensor]:
        """The signals of one batch.

        Args:
            pictures: (batch, 3, S, S) for each of `quarter_turns`.
            labels: (batch,).
            cached: what is known of the teacher already.
        """
        turns, batch = len(pictures), len(labels)
        flat = torch.cat(pictures) if turns > 1 else pictures[0]
        with nullcontext() if self.trains_network else torch.no_grad():
            found = self._look("student", self, self._student_features, flat)
        found |= self._projected("student", self.projection, found, (turns, batch))
        if self.teacher is not None:
            with torch.no_grad():
                found |= self._look("teacher", self.teacher, self._teacher_features, flat)
                found |= self._projected("teacher", self.teacher.projection, found, (turns, batch))
        for who in ("student", "teacher"):
            if who in found and turns > 1:
                found[f"rotated_{who}"] = found[who][batch:].unflatten(0, (turns - 1, batch))
                found[who] = found[who][:batch]
        return found | cached | {"labels": labels}

    def _features(self, who: str, network: nn.Module) -> Features | None:
        """The watched last map of a network, where a loss asks for something made of it."""
        return Features(network) if any(f"{who}_{what}" in self.asked for what in MAPS) else None

    def _look(self, who: str, whose, features: Features | None, pictures: Tensor) -> dict:
        """One forward pass of `whose` network: logits, and the map and embedding if they are watched."""
        with whose.device.autocast():
            logits = whose.network(pictures)
        found = {who: logits.float()}
        if features is not None:
            found[f"{who}_map"] = features.map.float()
            found[f"{who}_embedding"] = found[f"{who}_map"].mean(dim=(2, 3))
        return found

    def _projected(self, who: str, head: nn.Module | None, found: dict, shape: tuple[int, int]) -> dict:
        """What a self-supervision head makes of the embedding, (turns, batch, D)."""
        if head is None:
            return {}
        return {f"{who}_projection": head(found[f"{who}_embedding"]).unflatten(0, shape)}
