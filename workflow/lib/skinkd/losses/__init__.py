"""The losses of the study, one file each; a config names them by file.

Every loss takes student logits (batch, classes), teacher logits (batch, classes, or
None for an arm without a teacher) and labels (batch,), then its parameters by keyword.
It returns one value in nats per image and leaves the mean over the batch to the caller.
A loss that asks for `class_counts` is given the training part's images per class.

An objective is a weighted sum of such terms, as the config lists them.
"""

from collections.abc import Callable
from functools import partial
from importlib import import_module

from torch import Tensor

from skinkd.signatures import keywords_of

Term = tuple[str, float, Callable]


def load_terms(terms: list[dict], class_counts: Tensor) -> list[Term]:
    """Name, weight and function of each term of an objective, parameters fixed.

    Args:
        terms: as in the config: `name`, `weight`, and the loss's own parameters.
        class_counts: images of each class in the training part, (classes,).
    """
    return [_load(class_counts=class_counts, **term) for term in terms]


def _load(name: str, weight: float, class_counts: Tensor, **parameters) -> Term:
    """One term."""
    if "class_counts" in keywords_of("losses", name):
        parameters["class_counts"] = class_counts
    return name, weight, partial(getattr(import_module(f"skinkd.losses.{name}"), name), **parameters)


def objective(terms: list[Term], student: Tensor, teacher: Tensor | None, labels: Tensor) -> Tensor:
    """Weighted sum of the terms, each a mean over the batch; a scalar in nats."""
    return sum(weight * loss(student, teacher, labels).mean() for _, weight, loss in terms)
