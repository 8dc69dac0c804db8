"""The losses of the study, one file each; a config names them by file.

A loss is computed from what its positional arguments name:

    student, teacher                        logits of the pictures, (batch, classes)
    teachers                                logits of several teachers, (teachers, batch, classes)
    labels                                  class indices, (batch,), int64
    student_embedding, teacher_embedding    mean of the last map over its positions, (pictures, K)
    student_map, teacher_map                last convolutional map, (pictures, K, H, W)
    rotated_student, rotated_teacher        logits of the turned pictures, (3, batch, classes)
    student_projection, teacher_projection  outputs of the self-supervision heads, (4, batch, D)

`pictures` is the batch, or where any of an arm's losses asks for turned pictures, all four views of it:
first the batch as it is, then turned by 90, by 180, by 270 degrees.

Keyword-only arguments come from the config, save those that the pipeline supplies: `class_counts`, the
training images of each class (classes,), and `teacher_logits`, what the teacher says of the whole training
part (n_train, classes). `adapter` is a word in the config and a module in the call, which gives the
student's map the teacher's channels.

A loss returns values whose mean is the term: one per image where that exists. An objective is a weighted
sum of such terms, as the config lists them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module

from torch import Tensor, nn

from skinkd.signatures import inputs_of, keywords_of, needs_teacher


@dataclass(frozen=True)
class Term:
    """One term of an objective.

    Attributes:
        inputs: names of what it is computed from.
        needs_teacher: whether it is about the teacher; the other terms are the hard loss.
        adapter: a module that is trained with the student, or None.
    """

    name: str
    weight: float
    function: Callable
    inputs: tuple[str, ...]
    needs_teacher: bool
    adapter: nn.Module | None = None

    def value(self, signals: dict[str, Tensor]) -> Tensor:
        """The weighted term of one batch; a scalar."""
        return self.weight * self.function(*(signals[name] for name in self.inputs)).mean()


def load_terms(
    terms: list[dict], supplied: dict[str, Tensor], build_adapter: Callable[[str], nn.Module] | None = None
) -> list[Term]:
    """The terms of an objective, parameters fixed.

    Args:
        terms: as in the config: `name`, `weight`, and the loss's own parameters.
        supplied: what the pipeline gives to losses that ask for it, by keyword.
        build_adapter: makes the module that a config calls `linear` and so on.
    """
    return [_load(supplied=supplied, build_adapter=build_adapter, **term) for term in terms]


def _load(name: str, weight: float, supplied: dict, build_adapter, **parameters) -> Term:
    """One term."""
    keywords, inputs = keywords_of("losses", name), inputs_of(name)
    parameters |= {key: value for key, value in supplied.items() if key in keywords}
    adapter = build_adapter(parameters["adapter"]) if "adapter" in parameters else None
    if adapter is not None:
        parameters["adapter"] = adapter
    function = partial(getattr(import_module(f"skinkd.losses.{name}"), name), **parameters)
    return Term(name, weight, function, inputs, needs_teacher(name), adapter)


def objective(terms: list[Term], signals: dict[str, Tensor]) -> Tensor:
    """Weighted sum of the terms, each a mean over the batch; a scalar."""
    return sum(term.value(signals) for term in terms)


def hard_loss(terms: list[Term], signals: dict[str, Tensor]) -> Tensor:
    """The part of the objective that no teacher enters; a scalar."""
    return objective([term for term in terms if not term.needs_teacher], signals)
