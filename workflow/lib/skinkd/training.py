"""The one training loop: teachers, students, distilled students and self-supervision heads alike."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from skinkd.dataset import Part, predict_logits
from skinkd.device import Device
from skinkd.errors import InputError
from skinkd.losses import Term, hard_loss, objective
from skinkd.optimizers import make_optimizer
from skinkd.progress import Progress
from skinkd.samplers import shown
from skinkd.signals import Signals
from skinkd.teachers import TeacherLogits

VALIDATION_BATCH = 64


class Diverged(InputError):
    """The loss of an epoch is not a finite number."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; units and meaning as in the config."""

    epochs: int
    batch_size: int
    optimizer: dict
    selection: str
    plateau: dict | None = None
    early_stop_epochs: int | None = None
    milestones: tuple[int, ...] = ()
    sampler: dict = field(default_factory=lambda: {"draw": "every_image", "order": "random"})


class Trainer:
    """A network on its way: everything that another epoch depends on.

    Args:
        signals: the network, its teacher, and what the terms ask of them.
        terms: the objective.
        cached: what teachers said before, or None.
        views: how many views there are; epoch e uses view e modulo views.
        seed: of the order of the images and of dropout.
    """

    def __init__(
        self,
        signals: Signals,
        train: Part,
        validation: Part,
        *,
        terms: list[Term],
        cached: TeacherLogits | None,
        recipe: Recipe,
        views: int,
        seed: int,
        device: Device,
    ):
        self.signals, self.network = signals, signals.network
        self.train_part, self.validation_part = train, validation
        self.terms, self.cached, self.recipe, self.views = terms, cached, recipe, views
        self.seed, self.device = seed, device
        # Trained with the network and thrown away after it.
        helpers = [term.adapter for term in terms if term.adapter is not None]
        self.helpers = nn.ModuleList([*helpers, *filter(None, [signals.projection])]).to(device.name)
        trained = self.network.parameters() if signals.trains_network else ()
        self.optimizer = make_optimizer([*trained, *self.helpers.parameters()], **recipe.optimizer)
        self.history: list[dict] = []
        self.best_state, self.best_value, self.best_epoch = copy.deepcopy(self.state()), None, 0
        self.plateau_epochs, self.runtime_s = 0, 0.0

    def run(self, say: Callable = print, after_epoch: Callable = lambda _: None) -> None:
        """Train to the end; the network ends with the selected weights.

        `after_epoch` is called with the trainer after every epoch: the place for a checkpoint.
        """
        started_s, first, epochs = time.monotonic(), len(self.history), self.recipe.epochs
        # The log gets a line for each epoch from here, so the bar itself says nothing there.
        with Progress("training", total=epochs, unit="epochs", initial=first, say=_nothing) as progress:
            while not self.finished():
                epoch_started_s = time.monotonic()
                self._epoch()
                self.runtime_s += time.monotonic() - epoch_started_s
                after_epoch(self)
                progress.advance()
                left_s = (time.monotonic() - started_s) / (len(self.history) - first)
                left_s *= epochs - len(self.history)
                say(f"{_line(self.history[-1], epochs)}, at most {left_s:.0f} s left")
        self.load_state(self.best_state)

    def finished(self) -> bool:
        """Whether all epochs ran, or none has been better for too long."""
        stop = self.recipe.early_stop_epochs
        epoch = len(self.history)
        return epoch >= self.recipe.epochs or (stop is not None and epoch - self.best_epoch >= stop)

    def state(self) -> dict:
        """The weights of the network and of its helpers."""
        return {"network": self.network.state_dict(), "helpers": self.helpers.state_dict()}

    def load_state(self, state: dict) -> None:
        """Take over weights that `state` gave."""
        self.network.load_state_dict(state["network"])
        self.helpers.load_state_dict(state["helpers"])

    def _epoch(self) -> None:
        """Train on every image once, then validate, select and adapt the learning rate."""
        epoch = len(self.history)
        # Dropout draws from the global state; seeding it here makes an epoch repeatable on its own.
        torch.manual_seed(int(np.random.default_rng([self.seed, epoch]).integers(2**31)))
        record = {"epoch": epoch + 1, **self._train(epoch), **self.validate()}
        record["learning_rate"] = self.optimizer.param_groups[0]["lr"]
        self._check_finite(record)
        self.history.append(record)
        self._select(record)
        self._adapt_learning_rate()

    def _train(self, epoch: int) -> dict[str, float]:
        """One pass over the training part: loss, accuracy, and what each term weighs in its middle."""
        self.network.train(self.signals.trains_network)
        self.helpers.train()
        part, weighed = self.train_part, {}
        order = torch.from_numpy(self._order(epoch)).to(part.device)
        parameters = self._parameters(epoch)
        total, right = torch.zeros((), device=part.device), torch.zeros((), device=part.device)
        batches = whole_batches(order, self.recipe.batch_size)
        for index, chosen in enumerate(batches):
            signals = self._signals(part, chosen, epoch % self.views, parameters)
            values = [term.value(signals) for term in self.terms]
            # The first batch of a sorted epoch would have the clearest images, or the least clear.
            if index == len(batches) // 2:
                weighed = self._weighed(values)
            loss = sum(values)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            # Nothing waits for the device before the epoch's end.
            total += loss.detach() * len(chosen)
            right += (signals["student"].detach().argmax(dim=1) == signals["labels"]).sum()
        return {
            "train_loss": float(total) / len(order),
            "train_accuracy": float(right) / len(order),
        } | weighed

    def _order(self, epoch: int) -> np.ndarray:
        """The images of an epoch in their order."""
        sampler, labels = self.recipe.sampler, self.train_part.labels.cpu().numpy()
        sorts = sampler["order"] != "random"
        confidence = self.cached.confidence().cpu().numpy() if sorts else None
        return shown(**sampler, labels=labels, confidence=confidence, seed=self.seed, epoch=epoch)

    def _parameters(self, epoch: int) -> list[Tensor]:
        """The augmentation of every image in this epoch: one view for each turn of the picture."""
        view = epoch % self.views
        return [self.train_part.parameters(view + turns * self.views) for turns in self.signals.quarter_turns]

    def _signals(self, part: Part, chosen: Tensor, view: int | None, parameters=None) -> dict[str, Tensor]:
        """What the terms are computed from, for one batch; `view` None stands for the validation part."""
        # Outside autocast: half precision would move the pictures, and teacher and student differ in it.
        pictures = [
            part.batch(chosen, parameters and parameters[turns], turns)
            for turns in self.signals.quarter_turns
        ]
        cached = self.cached.of_batch(chosen, view) if self.cached else {}
        return self.signals.of(pictures, part.labels[chosen], cached)

    def _weighed(self, values: list[Tensor]) -> dict[str, float]:
        """Each term's value and its share of the sum of the terms' gradient norms."""
        trained = self.network if self.signals.trains_network else self.helpers
        shares = gradient_shares(values, list(trained.parameters()))
        return {
            f"term{index}_{what}": number
            for index, (value, share) in enumerate(zip(values, shares, strict=True), start=1)
            for what, number in (("value", float(value.detach())), ("gradient", share))
        }

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Objective, hard loss, accuracy and balanced accuracy on the validation part."""
        self.network.eval()
        self.helpers.eval()
        part = self.validation_part
        signals = self._signals_of_validation() if self._asks_for_logits_only() else None
        if signals is None:
            loss, hard, logits = self._validate_in_batches()
        else:
            loss, hard = (float(of(self.terms, signals)) for of in (objective, hard_loss))
            logits = signals["student"]
        right = (logits.argmax(dim=1) == part.labels).float()
        counts = part.class_counts()
        recalls = torch.zeros(len(counts), device=part.device).index_add_(0, part.labels, right) / counts
        return {
            "validation_loss": loss,
            "validation_hard_loss": hard,
            "validation_accuracy": float(right.mean()),
            "validation_balanced_accuracy": float(recalls[counts > 0].mean()),
        }

    def _asks_for_logits_only(self) -> bool:
        """Whether the objective can be computed from the logits of the whole part at once."""
        return self.signals.teacher is None and self.signals.projection is None and not self.helpers

    def _signals_of_validation(self) -> dict[str, Tensor]:
        """Logits of the whole validation part, and what cached teachers said of it."""
        part = self.validation_part
        everyone = torch.arange(len(part), device=part.device)
        cached = self.cached.of_batch(everyone, None) if self.cached else {}
        return {"student": predict_logits(self.network, part, self.device), "labels": part.labels} | cached

    def _validate_in_batches(self) -> tuple[float, float, Tensor]:
        """Objective and hard loss as means over batches, and the logits of the validation part."""
        part, logits, sums = self.validation_part, [], np.zeros(2)
        for chosen in torch.arange(len(part), device=part.device).split(VALIDATION_BATCH):
            signals = self._signals(part, chosen, None)
            logits.append(signals["student"])
            sums += [len(chosen) * float(of(self.terms, signals)) for of in (objective, hard_loss)]
        return *(sums / len(part)).tolist(), torch.cat(logits)

    def _select(self, record: dict) -> None:
        """Keep the weights if this epoch is the best by the recipe's rule."""
        rule = self.recipe.selection
        value = float(record["epoch"]) if rule == "last" else record[rule]
        value = -value if rule in ("validation_loss", "validation_hard_loss") else value
        if self.best_value is None or value > self.best_value:
            self.best_value, self.best_epoch = value, record["epoch"]
            self.best_state = copy.deepcopy(self.state())
            self.plateau_epochs = 0
        else:
            self.plateau_epochs += 1

    def _adapt_learning_rate(self) -> None:
        """Lower the learning rate at a milestone, or after `patience` epochs without a better one."""
        plateau, factor, minimum = self.recipe.plateau, 0.1, 0.0
        falls = len(self.history) in self.recipe.milestones
        if plateau is not None and self.plateau_epochs > plateau["patience"]:
            falls, factor, minimum = True, plateau["factor"], plateau["minimum"]
            self.plateau_epochs = 0
        for group in self.optimizer.param_groups if falls else ():
            group["lr"] = max(group["lr"] * factor, minimum)

    def _check_finite(self, record: dict) -> None:
        """Stop at the first epoch whose loss is not a number."""
        if not all(np.isfinite(value) for value in record.values()):
            raise Diverged(
                "training",
                f"the loss is not finite in epoch {record['epoch']} "
                f"at learning rate {record['learning_rate']}",
                "Every later epoch would be lost",
                "lower training.optimizer.learning_rate, or set device.precision to float32",
            )


def gradient_shares(values: list[Tensor], parameters: list[Tensor]) -> list[float]:
    """Each value's share of the sum of the values' gradient norms over `parameters`; their graph is kept.

    A term with a share near zero is inert: the training would be the same without it.
    """
    if len(values) == 1:
        return [1.0]
    norms = []
    for value in values:
        gradients = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
        found = [gradient for gradient in gradients if gradient is not None]
        norms.append(float(torch.stack(torch._foreach_norm(found)).norm()) if found else 0.0)
    total = sum(norms)
    return [norm / total if total > 0 else 0.0 for norm in norms]


def whole_batches(order: Tensor, batch_size: int) -> list[Tensor]:
    """`order` in batches; a last batch of a single image joins its neighbour, since batch norm needs two."""
    batches = list(order.split(batch_size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def _nothing(line: str) -> None:
    """Say nothing."""


def _line(record: dict, epochs: int) -> str:
    """An epoch in words."""
    return (
        f"epoch {record['epoch']} of {epochs}: train loss {record['train_loss']:.4f}, "
        f"validation loss {record['validation_loss']:.4f}, "
        f"balanced accuracy {record['validation_balanced_accuracy']:.3f}"
    )
