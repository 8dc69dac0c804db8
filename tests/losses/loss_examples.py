"""Every loss with every choice of its parameters, and something to compute it from."""

import itertools
from importlib import import_module
from typing import Literal, NamedTuple, get_args, get_origin

import pytest
import torch
from torch import nn

from skinkd import domains
from skinkd.adapters import build_adapter
from skinkd.signatures import inputs_of, keywords_of, minimum_classes, names_in

N = 6
SUPPLIED = ("class_counts", "teacher_logits")
# The batch's axis, where it is not the first.
SECOND = {"teachers", "rotated_student", "rotated_teacher", "student_projection", "teacher_projection"}
LOGITS = {"student", "teacher", "teachers", "rotated_student", "rotated_teacher"}


class Case(NamedTuple):
    """A loss, its parameters as in a config, and the number of classes of the task."""

    name: str
    parameters: dict
    classes: int


def choices(annotation: str, position: int) -> list:
    """Values of a parameter: all of them where they can be counted, otherwise one for each position."""
    domain = getattr(domains, annotation)
    if get_origin(domain) is Literal:
        return list(get_args(domain))
    several = {"Switch": [True, False], "Share": [0.0, 0.5, 1.0]}
    one = {"Positive": 2.0 + 0.7 * position, "NonNegative": 0.6 + 0.7 * position}
    return several[annotation] if annotation in several else [one[annotation]]


def cases():
    """Every loss file with every combination of its parameters, for two classes if it may, and five."""
    for name in names_in("losses"):
        keywords = {
            key: kind for key, (kind, _) in keywords_of("losses", name).items() if key not in SUPPLIED
        }
        values = [choices(kind, position) for position, kind in enumerate(keywords.values())]
        for combination in itertools.product(*values):
            parameters = dict(zip(keywords, combination, strict=True))
            for classes in (2, 5):
                if classes >= minimum_classes(name):
                    words = [name, *(str(value) for value in combination), f"{classes}classes"]
                    yield pytest.param(Case(name, parameters, classes), id="-".join(words))


CASES = list(cases())


def cases_of(*names: str) -> list:
    """The cases of the named losses."""
    return [param for param in CASES if param.values[0].name in names]


def is_students(name: str) -> bool:
    """Whether an input comes from the student, so that a gradient flows to it."""
    return "student" in name


def is_teachers(name: str) -> bool:
    return "teacher" in name


def inputs_for(case: Case) -> dict[str, torch.Tensor]:
    """What the loss asks for, in float64; the student's features differ in number from the teacher's."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape):
        return 3 * torch.randn(shape, dtype=torch.float64, generator=generator)

    known = {
        "student": normal(N, case.classes),
        "teacher": normal(N, case.classes),
        "teachers": normal(3, N, case.classes),
        "labels": torch.arange(N) % case.classes,
        "student_embedding": normal(N, 4),
        "teacher_embedding": normal(N, 7),
        "student_map": normal(N, 3, 2, 3),
        "teacher_map": normal(N, 4, 2, 3),
        "rotated_student": normal(3, N, case.classes),
        "rotated_teacher": normal(3, N, case.classes),
        "student_projection": normal(4, N, 4),
        "teacher_projection": normal(4, N, 7),
    }
    return {name: known[name] for name in inputs_of(case.name)}


def counts_of(classes: int) -> torch.Tensor:
    """Images of each class, all different."""
    return torch.arange(1, classes + 1) ** 2 * 7


def whole_part(case: Case) -> torch.Tensor:
    """What the teacher says of the whole training part: of the batch, and of nine images more."""
    more = torch.randn((9, case.classes), dtype=torch.float64, generator=torch.Generator().manual_seed(9))
    return torch.cat([inputs_for(case)["teacher"], more])


def adapter_of(kind: str) -> nn.Module:
    """The adapter between the maps of `inputs_for`, with the same weights at every call."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_adapter(kind, 3, 4).double()


def supplied_to(case: Case) -> dict:
    """What a trainer adds to the parameters, and the adapter in place of its name."""
    asked = keywords_of("losses", case.name)
    makers = {"class_counts": lambda: counts_of(case.classes), "teacher_logits": lambda: whole_part(case)}
    supplied = {key: make() for key, make in makers.items() if key in asked}
    if "adapter" in case.parameters:
        supplied["adapter"] = adapter_of(case.parameters["adapter"])
    return supplied


def load(case: Case, **replaced):
    """The loss as a function of its inputs, given by name."""
    function = getattr(import_module(f"skinkd.losses.{case.name}"), case.name)
    keywords = case.parameters | supplied_to(case) | replaced
    return lambda inputs: function(**inputs, **keywords)


def with_gradients(inputs: dict) -> dict:
    """A copy whose floating-point tensors collect gradients."""
    return {name: value.clone().requires_grad_(value.is_floating_point()) for name, value in inputs.items()}
