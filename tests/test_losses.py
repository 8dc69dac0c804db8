"""An objective is the weighted sum of its terms, each computed from what it names."""

import pytest
import torch
from torch import nn

from skinkd.losses import hard_loss, load_terms, objective

HARD = {"name": "cross_entropy", "weight": 0.3}
SOFT = {"name": "softened_divergence", "weight": 0.7, "temperature": 2.0, "scaled": True}
WEIGHTED = {"name": "weighted_cross_entropy", "weight": 2.0}
HINT = {"name": "fitnet", "weight": 5.0, "adapter": "linear"}
COUNTS = torch.tensor([9, 4, 2])


def signals():
    """Everything that the terms above are computed from."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape):
        return torch.randn(shape, generator=generator)

    return {
        "student": normal(4, 3),
        "teacher": normal(4, 3),
        "labels": torch.tensor([0, 1, 2, 0]),
        "student_map": normal(4, 2, 2, 2),
        "teacher_map": normal(4, 5, 2, 2),
    }


def load(*terms):
    return load_terms(list(terms), {"class_counts": COUNTS}, lambda kind: nn.Conv2d(2, 5, 1))


def test_an_objective_is_the_weighted_sum_of_its_terms():
    terms = load(HARD, SOFT, WEIGHTED, HINT)
    values = [term.function(*(signals()[name] for name in term.inputs)).mean() for term in terms]
    found = objective(terms, signals())
    assert found.shape == ()
    weights = [term["weight"] for term in (HARD, SOFT, WEIGHTED, HINT)]
    torch.testing.assert_close(found, sum(w * v for w, v in zip(weights, values, strict=True)))


@pytest.mark.parametrize("taught", [SOFT, HINT], ids=lambda term: term["name"])
def test_the_hard_loss_leaves_out_what_the_teacher_says(taught):
    terms = load(HARD, taught, WEIGHTED)
    found = {name: value for name, value in signals().items() if "teacher" not in name}
    torch.testing.assert_close(hard_loss(terms, found), objective(load(HARD, WEIGHTED), found))


def test_a_term_without_its_own_module_has_none():
    [soft, hint] = load(SOFT, HINT)
    assert soft.adapter is None
    assert isinstance(hint.adapter, nn.Conv2d)
