"""Which epoch is kept, when training stops, and when the learning rate falls."""

import pytest
import torch
from torch import nn
from training_examples import CPU, SGD, TRAINING, parts_of, quiet

from skinkd.signals import Signals
from skinkd.training import Recipe, Trainer


class Scripted(Trainer):
    """A trainer whose epochs end with the validation values that it was given."""

    def scripted(self, values):
        self.values = iter(values)
        return self

    def _train(self, epoch):
        with torch.no_grad():
            next(self.network.parameters()).fill_(epoch + 1)
        yield
        return scalars(train_loss=0.0, train_accuracy=0.0)

    def _validation(self):
        loss, hard_loss, balanced_accuracy = next(self.values)
        yield
        return scalars(
            validation_loss=loss,
            validation_hard_loss=hard_loss,
            validation_accuracy=0.5,
            validation_balanced_accuracy=balanced_accuracy,
        )


def scalars(**values):
    """Numbers as they are on a device."""
    return {name: torch.tensor(value, dtype=torch.float64) for name, value in values.items()}


def scripted(data, values, **changes):
    """A finished trainer of these validation values; its weights are the number of their epoch."""
    parts = parts_of(data)
    trainer = Scripted(
        Signals(nn.Linear(1, 1), set(), device=CPU),
        *parts.values(),
        terms=[],
        cached=None,
        recipe=Recipe(**TRAINING | {"epochs": len(values)} | changes),
        views=1,
        seed=0,
        device=CPU,
    ).scripted(values)
    trainer.run(say=quiet)
    return trainer


def losses(*values):
    """Epochs that differ in their validation loss."""
    return [(value, value, 0.5) for value in values]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("last", 5),
        ("validation_loss", 4),
        ("validation_hard_loss", 3),
        ("validation_balanced_accuracy", 2),
    ],
)
def test_each_rule_selects_its_epoch(selection, expected, packed):
    """The earliest of equal epochs."""
    values = [(0.9, 0.5, 0.3), (0.5, 0.4, 0.8), (0.7, 0.2, 0.8), (0.4, 0.3, 0.5), (0.4, 0.2, 0.6)]
    trainer = scripted(packed(2), values, selection=selection)
    assert trainer.best_epoch == expected
    assert float(trainer.network.weight.detach()) == expected


def test_the_plateau_and_the_early_stop_follow_the_rule_that_selects(packed):
    """The hard loss rises from epoch 2 on, while the whole loss falls."""
    values = [(1 - 0.1 * epoch, 0.1 * epoch, 0.5) for epoch in range(1, 8)]
    plateau = {"factor": 0.1, "patience": 1, "minimum": 1e-6}
    by_hard, by_whole = (
        scripted(packed(2), values, selection=rule, plateau=plateau, early_stop_epochs=4)
        for rule in ("validation_hard_loss", "validation_loss")
    )
    assert (by_hard.best_epoch, len(by_hard.history)) == (1, 5)
    assert (by_whole.best_epoch, len(by_whole.history)) == (7, 7)
    rates = [[record["learning_rate"] for record in run.history] for run in (by_hard, by_whole)]
    assert rates[0] == pytest.approx([0.02, 0.02, 0.02, 0.002, 0.002])
    assert rates[1] == [0.02] * 7


def test_the_rate_falls_after_patience_epochs_and_not_below_its_minimum(packed):
    """Best in epoch 1; with patience 1, epochs 2 and 3 are one too many, and so are 4 and 5, ..."""
    trainer = scripted(
        packed(2),
        losses(0.1, *[0.2] * 8),
        optimizer=SGD | {"learning_rate": 1.0},
        plateau={"factor": 0.1, "patience": 1, "minimum": 0.005},
    )
    rates = [record["learning_rate"] for record in trainer.history]
    assert rates == pytest.approx([1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.005, 0.005])


def rates_of(scheduler, optimizer, epochs, *arguments):
    """The learning rate of each epoch under a scheduler of torch."""
    rates = []
    for epoch in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step(*(argument[epoch] for argument in arguments))
    return rates


def test_the_plateau_is_torchs(packed):
    """ReduceLROnPlateau, stepped with the same values, gives the same rates."""
    values = [0.5, 0.6, 0.4, 0.45, 0.5, 0.55, 0.6, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55]
    plateau = {"factor": 0.3, "patience": 2, "minimum": 0.01}
    ours = scripted(packed(2), losses(*values), optimizer=SGD | {"learning_rate": 1.0}, plateau=plateau)
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.3, patience=2, min_lr=0.01, threshold=0
    )
    theirs = rates_of(scheduler, optimizer, len(values), values)
    assert [record["learning_rate"] for record in ours.history] == pytest.approx(theirs)
    assert min(theirs) < 0.1


def test_milestones_are_torchs(packed):
    ours = scripted(packed(2), losses(*[0.5] * 7), optimizer=SGD | {"learning_rate": 1.0}, milestones=(2, 5))
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 5], gamma=0.1)
    theirs = rates_of(scheduler, optimizer, 7)
    assert [record["learning_rate"] for record in ours.history] == pytest.approx(theirs)
    assert theirs == pytest.approx([1, 1, 0.1, 0.1, 0.1, 0.01, 0.01])


def test_training_stops_after_too_many_epochs_without_a_better_one(packed):
    trainer = scripted(packed(2), losses(0.5, 0.4, 0.6, 0.6, 0.6, 0.1), early_stop_epochs=3)
    assert len(trainer.history) == 5
    assert trainer.best_epoch == 2


def test_where_the_last_epoch_is_kept_nothing_stops_early(packed):
    trainer = scripted(packed(2), losses(0.5, *[0.6] * 5), selection="last", early_stop_epochs=2)
    assert trainer.best_epoch == len(trainer.history) == 6
