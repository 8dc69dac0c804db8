"""Within an epoch nothing waits for the device: no number is fetched from it, no shape depends on one."""

import pytest
import torch
from no_waiting import NoWaiting, Waited, trained_without_waiting
from test_together import KINDS, Shared

from skinkd.training import numbers_of


@pytest.mark.parametrize("kind", KINDS)
def test_an_epochs_training_waits_for_nothing(kind, packed):
    """All of its batches, the one in which the terms are weighed too; the numbers come at its end."""
    trainer = Shared(packed(3, images=48, size_px=33)).trainer(kind)
    found, batches = trained_without_waiting(trainer)
    assert batches == len(trainer.batches(0)) > 2
    assert all(torch.is_tensor(value) for value in found.values())
    assert {"train_loss", "train_accuracy", "term1_gradient"} <= set(numbers_of(found))


@pytest.mark.parametrize(
    "fetch",
    [
        lambda values: float(values[0]),
        lambda values: values[values > 0],
        lambda values: bool((values > 0).any()),
        lambda values: values.nonzero(),
        lambda values: values.unique(),
    ],
)
def test_what_waits_is_noticed(fetch):
    with pytest.raises(Waited), NoWaiting():
        fetch(torch.arange(3.0))
