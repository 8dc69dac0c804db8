"""The optimisers of the study under the papers' names for their parameters."""

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
BETA_DEFAULTS = {"beta1": 0.9, "beta2": 0.999}


def make_optimizer(parameters, name: str, **given):
    """The optimiser `name` over `parameters`; weight decay is L2 in the gradient, except for `adamw`.

    Args:
        parameters: tensors to train.
        given: values under the keys of `KEYS[name]`; None stands for torch's default.
    """
    import torch

    given = {key: value for key, value in given.items() if value is not None}
    arguments = {KEYS[name][key]: value for key, value in given.items() if key not in BETA_DEFAULTS}
    if given.keys() & BETA_DEFAULTS.keys():
        arguments["betas"] = tuple(given.get(key, default) for key, default in BETA_DEFAULTS.items())
    return getattr(torch.optim, CLASSES[name])(parameters, **arguments)
