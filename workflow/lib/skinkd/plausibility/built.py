"""What the networks of this library count, built without memory for their weights."""

from fractions import Fraction
from functools import cache
from typing import Literal

from pydantic import model_validator

from skinkd.config import Named
from skinkd.domains import Count
from skinkd.signatures import problems_of

Counted = Literal["parameters", "parameters_with_biases", "megabytes", "flops", "macs", "macs_with_norms"]


class Built(Named):
    """A network of the library, and what of it is counted.

    Attributes:
        name: its file; further keys are its parameters.
        classes: outputs.
        more_classes: outputs of a further linear layer behind them, where there is one.
        size_px: side of the pictures.
    """

    classes: Count
    more_classes: Count | None = None
    size_px: Count = 224

    @property
    def parameters(self) -> dict:
        """What the network's function takes beside the outputs and the side of the pictures."""
        return {**(self.model_extra or {})}

    @model_validator(mode="after")
    def _exists(self):
        problems = problems_of("networks", self.name, self.parameters, "network")
        if problems:
            raise ValueError("; ".join(problems))
        return self


def count(network: Built, counted: Counted) -> Fraction:
    """Parameters; megabytes of 2²⁰ bytes; or thousand millions of operations of one picture.

    `parameters_with_biases` counts a bias for each channel of every convolution, as Keras' networks have;
    `flops` counts a multiplication and an addition for each of `macs`; `macs_with_norms` adds two operations
    for each value that a batch norm puts out.
    """
    counts = _counts(
        network.name, network.classes, network.size_px, tuple(sorted(network.parameters.items()))
    )
    extra = (network.classes + 1) * network.more_classes if network.more_classes else 0
    return counts(counted) + (extra if counted.startswith("parameters") else 0)


@cache
def _counts(name: str, classes: int, size_px: int, parameters: tuple):
    """A function from what is counted to the count, of one network, which is built once."""
    import torch

    from skinkd.networks import build_network

    with torch.device("meta"):
        network = build_network(name, classes, size_px, dict(parameters))
    return cache(lambda counted: COUNTS[counted](network, size_px))


def _parameters(network, size_px: int) -> Fraction:
    from skinkd.networks import trainable_parameters

    return Fraction(trainable_parameters(network))


def _with_biases(network, size_px: int) -> Fraction:
    from torch import nn

    bare = (m for m in network.modules() if isinstance(m, nn.Conv2d) and m.bias is None)
    return _parameters(network, size_px) + sum(module.out_channels for module in bare)


def _megabytes(network, size_px: int) -> Fraction:
    values = [value for value in network.state_dict().values() if value.is_floating_point()]
    return Fraction(4 * sum(value.numel() for value in values), 2**20)


def _macs(network, size_px: int) -> Fraction:
    from skinkd.network_cost import multiply_accumulates

    return Fraction(multiply_accumulates(network, size_px), 10**9)


def _normalised(network, size_px: int) -> Fraction:
    """Thousand millions of values that batch norms put out for one picture."""
    from torch import nn

    from skinkd.networks import look_once

    sizes: list[int] = []
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    hooks = [m.register_forward_hook(lambda m, i, output: sizes.append(output.numel())) for m in norms]
    look_once(network, size_px)
    for hook in hooks:
        hook.remove()
    return Fraction(sum(sizes), 10**9)


COUNTS = {
    "parameters": _parameters,
    "parameters_with_biases": _with_biases,
    "megabytes": _megabytes,
    "macs": _macs,
    "flops": lambda network, size_px: 2 * _macs(network, size_px),
    "macs_with_norms": lambda network, size_px: _macs(network, size_px) + 2 * _normalised(network, size_px),
}
