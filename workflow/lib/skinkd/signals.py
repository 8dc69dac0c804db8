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
        watched = any(f"student_{what}" in asked for what in MAPS)
        self._student_features = Features(network) if watched else None

    def of(self, pictures: list[Tensor], labels: Tensor, cached: dict[str, Tensor]) -> dict[str, Tensor]:
        """The signals of one batch.

        Args:
            pictures: (batch, 3, S, S) for each of `quarter_turns`.
            labels: (batch,).
            cached: what is known of the teacher already.
        """
        with nullcontext() if self.trains_network else torch.no_grad():
            found = look("student", self, self._student_features, pictures)
        found |= projected("student", self.projection, found, len(pictures))
        if self.teacher is not None:
            found |= self.teacher.once(pictures, lambda: look_as_teacher(self.teacher, pictures))
        turns, batch = len(pictures), len(labels)
        for who in ("student", "teacher"):
            if who in found and turns > 1:
                found[f"rotated_{who}"] = found[who][batch:].unflatten(0, (turns - 1, batch))
                found[who] = found[who][:batch]
        return found | cached | {"labels": labels}

    def logits_of(self, pictures: Tensor) -> Tensor:
        """The student's logits alone, (batch, classes)."""
        return look("student", self, None, [pictures])["student"]


def look_as_teacher(teacher: OnlineTeacher, pictures: list[Tensor]) -> dict[str, Tensor]:
    """Whatever a loss may ask of a teacher; not only what one student's losses do, since others share it."""
    with torch.no_grad():
        found = look("teacher", teacher, teacher.features, pictures)
        return found | projected("teacher", teacher.projection, found, len(pictures))


def look(who: str, whose, features: Features | None, pictures: list[Tensor]) -> dict[str, Tensor]:
    """One forward pass of `whose` network: logits, and the map and embedding if they are watched."""
    flat = torch.cat(pictures) if len(pictures) > 1 else pictures[0]
    with whose.device.autocast():
        logits = whose.network(flat)
    found = {who: logits.float()}
    if features is not None:
        found[f"{who}_map"] = features.map.float()
        found[f"{who}_embedding"] = found[f"{who}_map"].mean(dim=(2, 3))
    return found


def projected(who: str, head: nn.Module | None, found: dict, turns: int) -> dict[str, Tensor]:
    """What a self-supervision head makes of the embedding, (turns, batch, D); nothing without a head."""
    if head is None:
        return {}
    return {f"{who}_projection": head(found[f"{who}_embedding"]).unflatten(0, (turns, -1))}
