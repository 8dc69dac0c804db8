"""Optimisers are torch's, with the parameters that the papers print."""

import inspect
import math
import os
import subprocess
import sys
from copy import deepcopy

import pytest
import torch
from project import ROOT
from pydantic import ValidationError

from skinkd.config import Optimizer, read_config
from skinkd.networks import build_network
from skinkd.optimizers import CLASSES, KEYS, kernels_of, make_optimizer
from skinkd.study import BASE, open_study

WITH_LIBRARY = os.environ | {"PYTHONPATH": str(ROOT / "workflow/lib")}
STEPS = 6
KERAS_EPSILON = 1e-7
# DSC, Table 3, as torch calls it: learning rate 0.01 for all, epsilon None, decay 0.
TABLE_3 = {
    "sgd": (torch.optim.SGD, {"momentum": 0.0, "nesterov": False}),
    "adam": (torch.optim.Adam, {"betas": (0.9, 0.999), "eps": KERAS_EPSILON, "amsgrad": False}),
    "adagrad": (torch.optim.Adagrad, {"eps": KERAS_EPSILON, "initial_accumulator_value": 0.1}),
    "adamax": (torch.optim.Adamax, {"betas": (0.9, 0.999), "eps": KERAS_EPSILON}),
    "nadam": (torch.optim.NAdam, {"betas": (0.9, 0.999), "eps": KERAS_EPSILON, "momentum_decay": 0.004}),
    "rmsprop": (torch.optim.RMSprop, {"alpha": 0.9, "eps": KERAS_EPSILON}),
}
# The first step from 1 down a slope of 2 with a rate of 0.01, by each method's own formula.
FIRST_STEPS = {
    "sgd": 0.01 * 2,
    "adam": 0.01,
    "adagrad": 0.01 * 2 / math.sqrt(0.1 + 2**2),
    "adamax": 0.01,
    "rmsprop": 0.01 * 2 / math.sqrt(0.1 * 2**2),
}
# Values other than torch's defaults, for every key.
OTHERS = {
    "learning_rate": 0.03,
    "weight_decay": 0.2,
    "momentum": 0.7,
    "nesterov": True,
    "beta1": 0.6,
    "beta2": 0.8,
    "epsilon": 0.05,
    "momentum_decay": 0.1,
    "rho": 0.5,
    "initial_accumulator": 0.4,
}
# What torch calls the keys where it calls them otherwise.
TORCHS = {
    "learning_rate": "lr",
    "epsilon": "eps",
    "initial_accumulator": "initial_accumulator_value",
}


def printed(name):
    """What config/papers/dsc.yaml gives to the arm of an optimiser."""
    values = read_config(BASE)
    values |= {"papers": ["dsc"], "arms": {"dsc": {"as_published": [f"{name}_alone"]}}}
    return open_study(values).training("dsc", "as_published", f"{name}_alone")["optimizer"]


def path_down(make):
    """Where an optimiser goes on a valley whose slope changes its sign, (STEPS, 2) float64."""
    place = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    optimizer, path = make([place]), []
    for step in range(STEPS):
        optimizer.zero_grad()
        (torch.tensor([1.0, 5.0]) * (place - 0.1 * step) ** 2).sum().backward()
        optimizer.step()
        path.append(place.detach().clone())
    return torch.stack(path)


def assert_same_path(found, expected):
    """Equal to rounding: torch's own, one parameter after another, sums in another order."""
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", TABLE_3)
def test_table_3_of_dsc(name):
    kind, given = TABLE_3[name]
    expected = path_down(lambda parameters: kind(parameters, lr=0.01, weight_decay=0, **given))
    found = path_down(lambda parameters: make_optimizer(parameters, **printed(name)))
    assert_same_path(found, expected)


@pytest.mark.parametrize("name", FIRST_STEPS)
def test_the_first_step_by_hand(name):
    place = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    optimizer = make_optimizer([place], **printed(name))
    place.grad = torch.tensor([2.0], dtype=torch.float64)
    optimizer.step()
    assert float(place.detach()) == pytest.approx(1 - FIRST_STEPS[name], rel=1e-6)


@pytest.mark.parametrize("name", KEYS)
def test_each_key_is_the_parameter_that_it_names(name):
    """Set alone beside the rate, a key changes the path, and as torch's own parameter does."""
    kind = getattr(torch.optim, CLASSES[name])
    usual = {"learning_rate": 0.03} | ({"momentum": 0.5} if "nesterov" in KEYS[name] else {})
    before = path_down(lambda parameters: make_optimizer(parameters, name, **usual))
    for key in KEYS[name].keys() - {"learning_rate"}:
        given = usual | {key: OTHERS[key]}
        betas = {"beta1": (OTHERS["beta1"], 0.999), "beta2": (0.9, OTHERS["beta2"])}
        theirs = {TORCHS.get(k, k): v for k, v in given.items() if k not in betas}
        theirs |= {"betas": betas[key]} if key in betas else {}
        if name == "rmsprop" and "rho" in theirs:
            theirs["alpha"] = theirs.pop("rho")
        found = path_down(lambda parameters, given=given: make_optimizer(parameters, name, **given))
        expected = path_down(lambda parameters, theirs=theirs: kind(parameters, **theirs))
        assert_same_path(found, expected)
        assert not torch.equal(found, before), key


@pytest.fixture(scope="module")
def gradients():
    """A network, channels last, and the gradients that torch lays beside its weights."""
    torch.manual_seed(0)
    network = build_network("mobilenet_v2", 3, 32, {"width": 0.25}).to(memory_format=torch.channels_last)
    pictures = torch.randn(4, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    network(pictures).square().sum().backward()
    weights = list(network.parameters())
    assert any(weight.stride() != torch.empty(weight.shape).stride() for weight in weights)
    return [(weight.detach(), weight.grad) for weight in weights]


def moved(gradients, make):
    """Where an optimiser takes the weights of a network."""
    weights = [weight.clone().requires_grad_() for weight, _ in gradients]
    optimizer = make(weights)
    for factor in (1.0, -0.5, 2.0):
        for weight, (_, gradient) in zip(weights, gradients, strict=True):
            weight.grad = factor * gradient
        optimizer.step()
    return optimizer, [weight.detach() for weight in weights]


@pytest.mark.parametrize("name", KEYS)
def test_a_network_goes_the_same_way_as_with_torchs_own(name, gradients):
    """Fused and listed steps read memory as it lies; those of one tensor after another do not."""
    kind = getattr(torch.optim, CLASSES[name])
    optimizer, found = moved(gradients, lambda weights: make_optimizer(weights, name, learning_rate=0.1))
    _, expected = moved(gradients, lambda weights: kind(weights, lr=0.1, foreach=False))
    assert optimizer.defaults[kernels_of(name)] is True
    for one, other, (start, _) in zip(found, expected, gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
        assert not torch.equal(one, start)


@pytest.mark.parametrize("name", KEYS)
def test_kernels_are_fused_where_torch_has_them(name):
    fused = "fused" in inspect.signature(getattr(torch.optim, CLASSES[name])).parameters
    assert kernels_of(name) == ("fused" if fused else "foreach")


@pytest.mark.parametrize("name", KEYS)
def test_a_saved_optimiser_goes_on_as_if_nothing_had_happened(name):
    def make(parameters):
        return make_optimizer(parameters, name, learning_rate=0.05)

    whole, halves = (torch.ones(3, requires_grad=True) for _ in range(2))
    steady, state = make([whole]), None
    for step in range(4):
        whole.grad = torch.arange(3.0) - step
        steady.step()
        again = make([halves])
        if state is not None:
            again.load_state_dict(state)
        halves.grad = whole.grad.clone()
        again.step()
        state = deepcopy(again.state_dict())
    assert torch.equal(whole, halves)


ONE_STEP = """
import sys, torch
from skinkd.optimizers import KEYS, make_optimizer
for name in KEYS:
    weight = torch.ones(2, requires_grad=True)
    optimizer = make_optimizer([weight], name, learning_rate=0.1)
    weight.sum().backward()
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.zero_grad()
print("torch._dynamo" in sys.modules)
"""


def test_no_step_imports_the_compiler():
    run = subprocess.run(
        [sys.executable, "-c", ONE_STEP], check=True, capture_output=True, text=True, env=WITH_LIBRARY
    )
    assert run.stdout.split() == ["False"]


def test_what_is_left_out_is_torchs_default():
    nothing = {key: None for key in OTHERS if key != "learning_rate"}
    found = path_down(lambda parameters: make_optimizer(parameters, "adam", learning_rate=0.1, **nothing))
    assert_same_path(found, path_down(lambda parameters: torch.optim.Adam(parameters, lr=0.1)))


def test_weight_decay_is_in_the_gradient_except_for_adamw():
    """Without a slope, decay alone moves: SGD by rate × decay × weight, Adam by the rate, AdamW as SGD."""
    moves = {}
    for name in ("sgd", "adam", "adamw"):
        place = torch.tensor([1.0], requires_grad=True)
        optimizer = make_optimizer([place], name, learning_rate=0.1, weight_decay=0.01)
        place.grad = torch.zeros(1)
        optimizer.step()
        moves[name] = 1 - float(place.detach())
    assert moves == pytest.approx({"sgd": 1e-3, "adam": 0.1, "adamw": 1e-3}, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "key"),
    [(name, key) for name in KEYS for key in OTHERS if key not in KEYS[name]],
)
def test_a_key_of_another_optimiser_is_refused(name, key):
    with pytest.raises(ValidationError, match=f"{name} takes no '{key}'; it takes learning_rate, "):
        Optimizer(**{"name": name, "learning_rate": 0.1, key: OTHERS[key]})


@pytest.mark.parametrize("name", KEYS)
def test_every_key_of_an_optimiser_is_taken_by_the_config(name):
    given = {key: OTHERS[key] for key in KEYS[name]}
    assert Optimizer(name=name, **given).model_dump(exclude_none=True) == {"name": name, **given}


def test_an_unknown_key_or_optimiser_is_refused():
    with pytest.raises(ValidationError, match="momentun"):
        Optimizer(name="sgd", learning_rate=0.1, momentun=0.9)
    with pytest.raises(ValidationError, match="'lion'"):
        Optimizer(name="lion", learning_rate=0.1)
