"""Losses that are not numbers: which batch, which term, which pictures."""

import csv
import math
from typing import NamedTuple

import torch
from torch import Tensor

from skinkd.atomic import whole
from skinkd.errors import InputError, examples

# Batches of training between two looks, each of which waits for the device.
LOOK_EVERY = 50


class Shown(NamedTuple):
    """A batch of training that nobody has looked at yet.

    Attributes:
        index: in its epoch, from 0.
        chosen: indices of its pictures, on the host.
        values: of the terms, scalars.
    """

    index: int
    chosen: Tensor
    values: list[Tensor]


class Diverged(InputError):
    """A loss is not a finite number.

    Attributes:
        rows: of the pictures of the batch, if it is known: columns by name.
    """

    def __init__(self, what: str, rows: list[dict] | None = None):
        self.rows = rows or []
        fix = "lower training.optimizer.learning_rate, or set device.precision to float32"
        super().__init__("training", what, "Every later epoch would be lost", fix)

    def list_pictures(self, path, say=print) -> None:
        """List the pictures of the batch, if they are known, in a csv file; say where."""
        if not self.rows:
            return
        say(f"the pictures of that batch are listed in {path}")
        with whole(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(self.rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)


def check_losses(trainer, shown: list[Shown]) -> None:
    """See that the losses of the latest batches of training are numbers.

    Waits for the device once; nothing is drawn or changed.

    Raises:
        Diverged: at the first that is not: its terms, and its pictures.
    """
    if not shown:
        return
    finite = torch.stack(trainer.midway.losses[-len(shown) :]).isfinite()
    if not bool(finite.all()):
        raise _diverged(trainer, shown[finite.tolist().index(False)])


def check_record(record: dict) -> None:
    """See that the numbers of an epoch are finite.

    Raises:
        Diverged: where one is not.
    """
    found = [f"{name} {value}" for name, value in record.items() if not math.isfinite(value)]
    if found:
        raise Diverged(
            f"the loss is not finite in epoch {record['epoch']} at learning rate {record['learning_rate']}: "
            f"{', '.join(found)}"
        )


def _diverged(trainer, batch: Shown) -> Diverged:
    """What is known of a batch whose loss is not a number."""
    terms = [
        (f"term{place}_{term.name}", float(value))
        for place, (term, value) in enumerate(zip(trainer.terms, batch.values, strict=True), start=1)
    ]
    images = trainer.train_part.table["image"].iloc[batch.chosen.numpy()].tolist()
    finite = trainer.midway.logits[batch.index].isfinite().all(dim=1).tolist()
    place = {
        "epoch": len(trainer.history) + 1,
        "batch": batch.index + 1,
        "learning_rate": trainer.optimizer.param_groups[0]["lr"],
    }
    rows = [
        {"image": image, "finite_logits": number, **place, **dict(terms)}
        for image, number in zip(images, finite, strict=True)
    ]
    return Diverged(_in_words(place, terms, rows), rows)


def _in_words(place: dict, terms: list[tuple[str, float]], rows: list[dict]) -> str:
    """Where the loss is no number, what its terms are, and which pictures were shown."""
    values = ", ".join(f"{name.split('_', 1)[1]} {value:.6g}" for name, value in terms)
    guilty = [row["image"] for row in rows if not row["finite_logits"]]
    whose = "pictures whose logits are not finite" if guilty else "pictures of the batch"
    return (
        f"the loss is not finite in epoch {place['epoch']}, batch {place['batch']}, "
        f"at learning rate {place['learning_rate']}: {values}; "
        f"{whose}: {examples(guilty or [row['image'] for row in rows])}"
    )
