"""The one training loop: teachers, students, distilled students and self-supervision heads alike."""

import copy
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import add

import numpy as np
import torch
from torch import Tensor, nn

from skinkd.dataset import Part
from skinkd.device import Device
from skinkd.errors import InputError
from skinkd.gradients import gradient_shares
from skinkd.losses import Term
from skinkd.not_finite import LOOK_EVERY, Shown, check_losses, check_record
from skinkd.optimizers import make_optimizer
from skinkd.progress import Progress
from skinkd.random_states import set_random_state
from skinkd.schedule import Schedule
from skinkd.signals import Signals
from skinkd.teachers import TeacherLogits
from skinkd.transfers import sent
from skinkd.validating import validation_steps


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


@dataclass
class Midway:
    """An epoch that is not over: what its batches have given so far.

    Attributes:
        losses: of each batch, scalars.
        logits: of the pictures of each batch.
        weighed: what each term weighs, once the middle of the epoch is behind.
        random: torch's random state to go on with; None in an epoch that was not interrupted.
    """

    losses: list[Tensor] = field(default_factory=list)
    logits: list[Tensor] = field(default_factory=list)
    weighed: dict[str, Tensor] = field(default_factory=dict)
    random: list[Tensor] | None = None

    def state(self) -> dict:
        """For a checkpoint, but for the random state."""
        return {"losses": self.losses, "logits": self.logits, "weighed": self.weighed}

    @classmethod
    def of(cls, state: dict, device: str) -> "Midway":
        """From a checkpoint."""
        losses, logits = ([value.to(device) for value in state[name]] for name in ("losses", "logits"))
        weighed = {name: value.to(device) for name, value in state["weighed"].items()}
        return cls(losses, logits, weighed, state["random"])


class Trainer:
    """A network on its way: everything that another epoch depends on.

    Args:
        signals: the network, its teacher, and what the terms ask of them.
        terms: the objective.
        cached: what teachers said before, or None.
        views: how many views there are; epoch e uses view e modulo views.
        seed: of the order of the images and of dropout.

    Attributes:
        restarts: how often it went on from a checkpoint.

    Raises:
        InputError: where a batch is to be larger than the training part.
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
        _check_batch_size(recipe.batch_size, len(train))
        self.signals, self.network = signals, signals.network
        self.train_part, self.validation_part = train, validation
        self.terms, self.cached, self.recipe, self.views = terms, cached, recipe, views
        self.seed, self.device, self.schedule = seed, device, Schedule()
        # Trained with the network and thrown away after it.
        helpers = [term.adapter for term in terms if term.adapter is not None]
        self.helpers = nn.ModuleList([*helpers, *filter(None, [signals.projection])]).to(device.name)
        trained = self.network.parameters() if signals.trains_network else ()
        self.trained = [*trained, *self.helpers.parameters()]
        self.optimizer = make_optimizer(self.trained, **recipe.optimizer)
        sorts = recipe.sampler["order"] != "random"
        self.confidence = cached.confidence().cpu().numpy() if sorts else None
        self.history: list[dict] = []
        self.best_state, self.best_value, self.best_epoch = copy.deepcopy(self.state()), None, 0
        self.plateau_epochs, self.restarts, self.runtime_s = 0, 0, 0.0
        self.midway: Midway | None = None
        self._unseen: list[Shown] = []

    def run(
        self,
        say: Callable = print,
        after_epoch: Callable = lambda _: None,
        after_batch: Callable = lambda _: None,
    ) -> None:
        """Train to the end; the network ends with the selected weights.

        `after_epoch` is called with the trainer after every epoch, `after_batch` after every batch in it,
        of training or of validation: the places for a checkpoint.
        """
        first, epochs = len(self.history), self.recipe.epochs
        # The log gets a line for each epoch, so the bar itself says nothing there.
        with Progress("training", total=epochs, unit="epochs", initial=first, say=_nothing) as progress:

            def counted(trainer):
                after_epoch(trainer)
                progress.advance()

            for _ in self.steps(say, counted, after_batch):
                pass

    def steps(
        self,
        say: Callable = print,
        after_epoch: Callable = lambda _: None,
        after_batch: Callable = lambda _: None,
    ) -> Iterator[None]:
        """The same as `run`, with a pause after every batch of training and of validation.

        Between two steps torch's random state, which dropout draws from, must stay as it is.
        """
        started_s, first, epochs = time.monotonic(), len(self.history), self.recipe.epochs
        while not self.finished():
            for _ in self._timed(self._epoch()):
                after_batch(self)
                yield
            after_epoch(self)
            left_s = (time.monotonic() - started_s) / (len(self.history) - first)
            left_s *= epochs - len(self.history)
            say(f"{_line(self.history[-1], epochs)}, at most {left_s:.0f} s left")
        self.load_state(self.best_state)

    def _timed(self, steps: Iterator[None]) -> Iterator[None]:
        """The steps; `runtime_s` grows by what they take alone.

        What others do in the pauses does not count, and what others made for this one, too, does: students
        that step together have the times of their runs alone. On a GPU such a thing's time is the host's.
        """
        while True:
            started_s = self._clock_s()
            try:
                next(steps)
            except StopIteration:
                return
            finally:
                self.runtime_s += self._clock_s() - started_s
            yield

    def _clock_s(self) -> float:
        """Seconds, with those of pictures and of a teacher's looks that were made once and served again."""
        sources = (self.train_part, self.validation_part, *filter(None, [self.signals.teacher]))
        return time.monotonic() + sum(source.reused_s for source in sources)

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

    def validate(self) -> dict[str, float]:
        """Objective, hard loss, accuracy and balanced accuracy on the validation part."""
        return numbers_of(_result_of(self._validation()))

    def _epoch(self) -> Iterator[None]:
        """Train on every image once, then validate, select and adapt the learning rate."""
        epoch = len(self.history)
        if self.midway is None:
            # Dropout draws from the global state; seeding it here makes an epoch repeatable on its own.
            torch.manual_seed(int(np.random.default_rng([self.seed, epoch]).integers(2**31)))
        elif self.midway.random is not None:
            set_random_state(self.midway.random)
        trained = yield from self._train(epoch)
        self.look()
        validated = yield from self._validation()
        self.midway = None
        # But for these looks, nothing waited for the device until here.
        record = {"epoch": epoch + 1, **numbers_of(trained | validated)}
        record["learning_rate"] = self.optimizer.param_groups[0]["lr"]
        check_record(record)
        self.history.append(record)
        self._select(record)
        self._adapt_learning_rate()

    def _train(self, epoch: int) -> Generator[None, None, dict[str, Tensor]]:
        """The rest of a pass over the training part: loss, accuracy, what each term weighs in its middle."""
        self.network.train(self.signals.trains_network)
        self.helpers.train()
        midway = self.midway = self.midway or Midway()
        part, parameters, batches = self.train_part, self._parameters(epoch), self.batches(epoch)
        for index, chosen in list(enumerate(batches))[len(midway.losses) :]:
            signals = self.signals_of(part, chosen, epoch % self.views, parameters)
            values = [term.value(signals) for term in self.terms]
            # The first batch of a sorted epoch would have the clearest images, or the least clear.
            if index == len(batches) // 2:
                midway.weighed = self._weighed(values)
            midway.losses.append(self._descend(values))
            midway.logits.append(signals["student"].detach())
            self._unseen.append(Shown(index, chosen, [value.detach() for value in values]))
            if len(self._unseen) == LOOK_EVERY:
                self.look()
            yield
        return self._trained(batches, midway) | midway.weighed

    def _trained(self, batches: list[Tensor], midway: Midway) -> dict[str, Tensor]:
        """Loss and accuracy of an epoch: added up at its end, not in each of its steps."""
        part, shown = self.train_part, torch.cat(batches)
        sizes = sent(np.array([len(chosen) for chosen in batches], dtype=np.float64), part.device)
        right = torch.cat(midway.logits).argmax(dim=1) == part.labels[part.on_device(shown)]
        return {
            "train_loss": (torch.stack(midway.losses).double() * sizes).sum() / len(shown),
            "train_accuracy": right.double().mean(),
        }

    def _descend(self, values: list[Tensor]) -> Tensor:
        """One step of the optimiser down the sum of the terms; that sum."""
        loss = reduce(add, values)
        loss.backward()
        self.optimizer.step()
        # Here and not before the next step: students that take turns need not hold all their gradients.
        for parameter in self.trained:
            parameter.grad = None
        return loss.detach()

    def look(self) -> None:
        """See that the losses of training since the last look are numbers; waits for the device.

        Raises:
            Diverged: where one is not.
        """
        unseen, self._unseen = self._unseen, []
        check_losses(self, unseen)

    def batches(self, epoch: int) -> list[Tensor]:
        """The images of an epoch in their order, batch by batch."""
        recipe = self.recipe
        return self.schedule.of_training(
            self.train_part, recipe.sampler, recipe.batch_size, self.confidence, self.seed, epoch
        )

    def _parameters(self, epoch: int) -> list[Tensor]:
        """The augmentation of every image in this epoch: one view for each turn of the picture."""
        view = epoch % self.views
        return [self.train_part.parameters(view + turns * self.views) for turns in self.signals.quarter_turns]

    def signals_of(self, part: Part, chosen: Tensor, view: int | None, parameters=None) -> dict[str, Tensor]:
        """What the terms are computed from, for one batch; `view` None stands for the validation part."""
        # Outside autocast: half precision would move the pictures, and teacher and student differ in it.
        pictures = [
            part.batch(chosen, parameters and parameters[turns], turns)
            for turns in self.signals.quarter_turns
        ]
        chosen = part.on_device(chosen)
        cached = self.cached.of_batch(chosen, view) if self.cached else {}
        return self.signals.of(pictures, part.labels[chosen], cached)

    def _weighed(self, values: list[Tensor]) -> dict[str, Tensor]:
        """Each term's value and its share of the sum of the terms' gradient norms."""
        trained = self.network if self.signals.trains_network else self.helpers
        shares = gradient_shares(values, list(trained.parameters()))
        return {
            f"term{index}_{what}": number
            for index, (value, share) in enumerate(zip(values, shares, strict=True), start=1)
            for what, number in (("value", value.detach().double()), ("gradient", share))
        }

    def _validation(self) -> Generator[None, None, dict[str, Tensor]]:
        """The steps of validation, in evaluation mode."""
        self.network.eval()
        self.helpers.eval()
        return validation_steps(self)

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


def numbers_of(scalars: dict[str, Tensor]) -> dict[str, float]:
    """Scalars of the device as numbers; waits for the device once."""
    return dict(zip(scalars, torch.stack(list(scalars.values())).tolist(), strict=True))


def _check_batch_size(batch_size: int, images: int) -> None:
    """See that a batch is no larger than the training part.

    Raises:
        InputError: where it is.
    """
    if batch_size > images:
        raise InputError(
            "training",
            f"training.batch_size is {batch_size}, the training part has {images} images",
            "Every step would be smaller than the recipe says, and an epoch a single one",
            f"set training.batch_size to at most {images}",
        )


def _result_of(steps: Generator):
    """What a generator returns at its end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _nothing(line: str) -> None:
    """Say nothing."""


def _line(record: dict, epochs: int) -> str:
    """An epoch in words."""
    return (
        f"epoch {record['epoch']} of {epochs}: train loss {record['train_loss']:.4f}, "
        f"validation loss {record['validation_loss']:.4f}, "
        f"balanced accuracy {record['validation_balanced_accuracy']:.3f}"
    )
