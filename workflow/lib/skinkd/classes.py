"""Refuses a loss where a task has too few classes for it."""

from torch import Tensor

from skinkd.errors import InputError


def require_classes(logits: Tensor, minimum: int, loss: str, why: str) -> None:
    """Nothing, if the logits have `minimum` classes or more.

    Args:
        logits: (batch, classes).
        loss: its name, for the message.
        why: what happens with fewer classes, a sentence without its full stop.

    Raises:
        InputError: with fewer classes.
    """
    if logits.shape[1] < minimum:
        raise InputError(
            "loss",
            f"{loss} got logits of {logits.shape[1]} classes",
            why,
            f"use {loss} on a task of at least {minimum} classes, or another loss",
        )
