"""The optimisers of the study under the papers' names for their parameters."""

import inspect
from functools import cache

# For each optimiser, what a config may set, and what torch calls it. The two betas are one pair in torch.
COMMON = {"learning_rate": "lr", "weight_decay": "weight_decay"}
BETAS = {"beta1": "betas", "beta2": "betas", "epsilon": "eps"}
KEYS = {
    "sgd": {**COMMON, "momentum": "momentum", "nesterov": "nesterov"},
    "adam": {**COMMON, **BETAS},
    "adamw": {**COMMON, **BETAS},
    "adamax": {**COMMON, **BETAS},
    "nadam": {**COMMON, **BETAS, "momentum_decay": "momentum_decay"},
    "rmsprop": {**COMMON, "rho": "alpha", "epsilon": "eps", "momentum": "momentum"},
    "adagrad": {**COMMON, "epsilon": "eps", "initial_accumulator": "initial_accumulator_value"},
    "adadelta": {**COMMON, "rho": "rho", "epsilon": "eps"},
}
CLASSES = {
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "adamax": "Adamax",
    "nadam": "NAdam",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
}
# Those that torch can step in one pass over all parameters, on CPU and CUDA; the others go list by list.
FUSED = ("sgd", "adam", "adamw", "adagrad")
# Methods of torch's class that import its compiler, seconds of work, to say that they are not to be compiled.
WRAPPED = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")
BETA_DEFAULTS = {"beta1": 0.9, "beta2": 0.999}


def make_optimizer(parameters, name: str, **given):
    """The optimiser `name` over `parameters`; weight decay is L2 in the gradient, except for `adamw`.

    Args:
        parameters: tensors to train.
        given: values under the keys of `KEYS[name]`; None stands for torch's default.
    """
    given = {key: value for key, value in given.items() if value is not None}
    arguments = {KEYS[name][key]: value for key, value in given.items() if key not in BETA_DEFAULTS}
    if given.keys() & BETA_DEFAULTS.keys():
        arguments["betas"] = tuple(given.get(key, default) for key, default in BETA_DEFAULTS.items())
    return _unwrapped(CLASSES[name])(parameters, **arguments, **{kernels_of(name): True})


def kernels_of(name: str) -> str:
    """How an optimiser steps, in torch's words: `fused` or `foreach`."""
    return "fused" if name in FUSED else "foreach"


@cache
def _unwrapped(name: str) -> type:
    """Torch's optimiser without its wrappers around methods."""
    import torch

    kind = getattr(torch.optim, name)
    methods = {method: inspect.unwrap(getattr(kind, method)) for method in WRAPPED}
    return type(name, (kind,), methods | {"step": torch.no_grad()(inspect.unwrap(kind.step))})
