"""The one training loop: teachers, students and distilled students alike."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from skinkd.dataset import Part, predict_logits
from skinkd.device import Device
from skinkd.errors import InputError
from skinkd.losses import Term, objective
from skinkd.progress import Progress


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; units and meaning as in the config."""

    epochs: int
    batch_size: int
    optimizer: dict
    plateau: dict | None
    early_stop_epochs: int | None
    selection: str


@dataclass(frozen=True)
class TeacherLogits:
    """What the teacher said: of every training image in every view, and of the validation images.

    Attributes:
        train: (views, n_train, classes).
        validation: (n_validation, classes).
    """

    train: Tensor
    validation: Tensor


class Trainer:
    """A network on its way: everything that another epoch depends on.

    Args:
        terms: the objective.
        teacher: None for an arm without a teacher.
        views: how many views there are; epoch e uses view e modulo views.
        seed: of the order of the images and of dropout.
    """

    def __init__(
        self,
        network: nn.Module,
        train: Part,
        validation: Part,
        *,
        terms: list[Term],
        teacher: TeacherLogits | None,
        recipe: Recipe,
        views: int,
        seed: int,
        device: Device,
    ):
        self.network = network.to(device.name, memory_format=torch.channels_last)
        self.train_part, self.validation_part = train, validation
        self.terms, self.teacher, self.recipe, self.views = terms, teacher, recipe, views
        self.seed, self.device = seed, device
        self.optimizer = make_optimizer(self.network, **recipe.optimizer)
        self.history: list[dict] = []
        self.best_state, self.best_value, self.best_epoch = None, None, 0
        self.plateau_epochs = 0

    def run(self, say: Callable = print, after_epoch: Callable = lambda _: None) -> None:
        """Train to the end; the network ends with the selected weights.

        `after_epoch` is called with the trainer after every epoch: the place for a checkpoint.
        """
        started_s, first, epochs = time.monotonic(), len(self.history), self.recipe.epochs
        # The log gets a line for each epoch from here, so the bar itself says nothing there.
        with Progress("training", total=epochs, unit="epochs", initial=first, say=_nothing) as progress:
            while not self.finished():
                self._epoch()
                after_epoch(self)
                progress.advance()
                left_s = (time.monotonic() - started_s) / (len(self.history) - first)
                left_s *= epochs - len(self.history)
                say(f"{_line(self.history[-1], epochs)}, at most {left_s:.0f} s left")
        self.network.load_state_dict(self.best_state)

    def finished(self) -> bool:
        """Whether all epochs ran, or none has been better for too long."""
        stop = self.recipe.early_stop_epochs
        epoch = len(self.history)
        return epoch >= self.recipe.epochs or (stop is not None and epoch - self.best_epoch >= stop)

    def _epoch(self) -> None:
        """Train on every image once, then validate, select and adapt the learning rate."""
        epoch = len(self.history)
        # Dropout draws from the global state; seeding it here makes an epoch repeatable on its own.
        torch.manual_seed(int(np.random.default_rng([self.seed, epoch]).integers(2**31)))
        train_loss = self._train(epoch)
        loss, balanced_accuracy = self.validate()
        record = {
            "epoch": epoch + 1,
            "train_loss": train_loss,
            "validation_loss": loss,
            "validation_balanced_accuracy": balanced_accuracy,
            "learning_rate": self.optimizer.param_groups[0]["lr"],
        }
        self._check_finite(record)
        self.history.append(record)
        self._select(record)
        self._adapt_learning_rate()

    def _train(self, epoch: int) -> float:
        """One pass over the training part; its mean loss. Nothing waits for the device before the end."""
        self.network.train()
        part, view = self.train_part, epoch % self.views
        parameters = part.parameters(view)
        teacher = None if self.teacher is None else self.teacher.train[view]
        order = np.random.default_rng([self.seed, epoch, 1]).permutation(len(part))
        total = torch.zeros((), device=part.device)
        for chosen in whole_batches(torch.from_numpy(order).to(part.device), self.recipe.batch_size):
            # Outside autocast: half precision would move the pictures, and teacher and student differ in it.
            pictures = part.batch(chosen, parameters)
            with self.device.autocast():
                logits = self.network(pictures)
            targets = None if teacher is None else teacher[chosen]
            loss = objective(self.terms, logits.float(), targets, part.labels[chosen])
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            total += loss.detach() * len(chosen)
        return float(total) / len(part)

    def validate(self) -> tuple[float, float]:
        """The objective and the balanced accuracy on the validation part."""
        part = self.validation_part
        logits = predict_logits(self.network, part, self.device)
        teacher = None if self.teacher is None else self.teacher.validation
        loss = float(objective(self.terms, logits, teacher, part.labels))
        right = (logits.argmax(dim=1) == part.labels).float()
        counts = part.class_counts()
        recalls = torch.zeros(len(counts), device=part.device).index_add_(0, part.labels, right) / counts
        return loss, float(recalls[counts > 0].mean())

    def _select(self, record: dict) -> None:
        """Keep the weights if this epoch is the best by the recipe's rule."""
        rule = self.recipe.selection
        value = {
            "last": float(record["epoch"]),
            "validation_loss": -record["validation_loss"],
            "validation_balanced_accuracy": record["validation_balanced_accuracy"],
        }[rule]
        if self.best_value is None or value > self.best_value:
            self.best_value, self.best_epoch = value, record["epoch"]
            self.best_state = copy.deepcopy(self.network.state_dict())
            self.plateau_epochs = 0
        else:
            self.plateau_epochs += 1

    def _adapt_learning_rate(self) -> None:
        """Lower the learning rate after `patience` epochs without a better one."""
        plateau = self.recipe.plateau
        if plateau is not None and self.plateau_epochs > plateau["patience"]:
            for group in self.optimizer.param_groups:
                group["lr"] = max(group["lr"] * plateau["factor"], plateau["minimum"])
            self.plateau_epochs = 0

    def _check_finite(self, record: dict) -> None:
        """Stop at the first epoch whose loss is not a number."""
        if not all(np.isfinite(value) for value in record.values()):
            raise InputError(
                "training",
                f"the loss is not finite in epoch {record['epoch']} "
                f"at learning rate {record['learning_rate']}",
                "Every later epoch would be lost",
                "lower training.optimizer.learning_rate, or set device.precision to float32",
            )


def whole_batches(order: Tensor, batch_size: int) -> list[Tensor]:
    """`order` in batches; a last batch of a single image joins its neighbour, since batch norm needs two."""
    batches = list(order.split(batch_size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def make_optimizer(network: nn.Module, name: str, learning_rate: float, momentum: float, weight_decay: float):
    """SGD or Adam over the network's parameters; weight decay is L2, as in torch."""
    if name == "sgd":
        return torch.optim.SGD(
            network.parameters(), lr=learning_rate, momentum=momentum, weight_decay=weight_decay
        )
    return torch.optim.Adam(network.parameters(), lr=learning_rate, weight_decay=weight_decay)


def _nothing(line: str) -> None:
    """Say nothing."""


def _line(record: dict, epochs: int) -> str:
    """An epoch in words."""
    return (
        f"epoch {record['epoch']} of {epochs}: train loss {record['train_loss']:.4f}, "
        f"validation loss {record['validation_loss']:.4f}, "
        f"balanced accuracy {record['validation_balanced_accuracy']:.3f}"
    )
