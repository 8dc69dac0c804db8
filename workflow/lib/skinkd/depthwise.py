"""Grouped convolutions whose bfloat16 gradients are quick on a CPU.

oneDNN 3.12 has no quick bfloat16 kernel for the data gradient of a strided grouped convolution, nor for the
weight gradient of one whose kernel is not 3×3 or whose output is smaller than that; what it takes instead is
2 to 250 times slower than float32. Those gradients are computed in float32 from the same bfloat16 values.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.grad import conv2d_input, conv2d_weight


class GroupedConvolution(nn.Conv2d):
    """A grouped convolution without bias; the same numbers as `nn.Conv2d`, up to rounding in gradients."""

    def forward(self, maps: Tensor) -> Tensor:
        """(batch, K, H, W) to (batch, L, H', W')."""
        if not (torch.is_autocast_enabled("cpu") and torch.is_grad_enabled()):
            return super().forward(maps)
        precision = torch.get_autocast_dtype("cpu")
        with torch.autocast("cpu", enabled=False):
            return _Convolution.apply(maps.to(precision), self.weight.to(precision), *_shape_of(self))


def quicken(network: nn.Module) -> nn.Module:
    """The network itself, its grouped convolutions as `GroupedConvolution`; parameters and names stay."""
    for module in network.modules():
        plain = type(module) is nn.Conv2d and module.padding_mode == "zeros" and module.bias is None
        if plain and module.groups > 1 and not isinstance(module.padding, str):
            module.__class__ = GroupedConvolution
    return network


def _shape_of(layer: nn.Conv2d) -> tuple:
    """What torch's functions of a convolution take after its tensors."""
    return layer.stride, layer.padding, layer.dilation, layer.groups


class _Convolution(torch.autograd.Function):
    """A convolution of maps with weights of the same precision."""

    @staticmethod
    def forward(ctx, maps, weight, *shape):
        ctx.save_for_backward(maps, weight)
        ctx.shape = shape
        return functional.conv2d(maps, weight, None, *shape)

    @staticmethod
    def backward(ctx, gradient):
        (maps, weight), (of_maps, of_weight, *rest) = ctx.saved_tensors, ctx.needs_input_grad
        to_maps = _maps_gradient(maps, weight, gradient, ctx.shape) if of_maps else None
        to_weight = _weight_gradient(maps, weight, gradient, ctx.shape) if of_weight else None
        return to_maps, to_weight, *(None for _ in rest)


def _maps_gradient(maps: Tensor, weight: Tensor, gradient: Tensor, shape: tuple) -> Tensor:
    """The gradient that flows on to the maps, in their precision."""
    if max(shape[0]) > 1:
        weight, gradient = weight.float(), gradient.float()
    return conv2d_input(maps.shape, weight, gradient, *shape).to(maps.dtype)


def _weight_gradient(maps: Tensor, weight: Tensor, gradient: Tensor, shape: tuple) -> Tensor:
    """The gradient of the weights, in their precision."""
    if weight.shape[2:] != (3, 3) or min(gradient.shape[2:]) < 3:
        maps, gradient = maps.float(), gradient.float()
    return conv2d_weight(maps, weight.shape, gradient, *shape).to(weight.dtype)
