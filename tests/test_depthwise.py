"""Grouped convolutions in bfloat16: torch's numbers, by the kernels that are quick."""

import copy

import pytest
import torch
from torch import nn

from skinkd import depthwise
from skinkd.depthwise import GroupedConvolution, quicken
from skinkd.network_cost import multiply_accumulates
from skinkd.networks import build_network

# Kernel, stride, side of the maps, and the precision of the gradients of maps and weights.
HALF, SINGLE = torch.bfloat16, torch.float32
CASES = [
    (3, 1, 9, HALF, HALF),
    (3, 2, 9, SINGLE, HALF),
    (5, 1, 9, HALF, SINGLE),
    (5, 2, 9, SINGLE, SINGLE),
    (3, 1, 2, HALF, SINGLE),
    (3, 2, 3, SINGLE, SINGLE),
]


def layer_of(kernel, stride, groups=8):
    """A convolution as MobileNets and EfficientNets have them."""
    torch.manual_seed(0)
    return nn.Conv2d(8, 8, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False)


def gradients_of(layer, maps, precision):
    """Output, gradient of the maps and gradient of the weights."""
    maps = maps.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == HALF):
        output = layer(maps)
    weights = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view_as(output)
    layer.zero_grad()
    (output * weights.bfloat16()).sum().backward()
    return output.detach(), maps.grad, layer.weight.grad


@pytest.mark.parametrize(("kernel", "stride", "side", "to_maps", "to_weight"), CASES)
def test_output_is_torchs_and_gradients_are_the_exact_ones_rounded(kernel, stride, side, to_maps, to_weight):
    plain = layer_of(kernel, stride)
    # Values that bfloat16 holds, so that double precision computes from the same.
    nn.init.normal_(plain.weight)
    plain.weight.data = plain.weight.data.bfloat16().float()
    maps = torch.randn(4, 8, side, side).bfloat16().float().contiguous(memory_format=torch.channels_last)
    quick = quicken(copy.deepcopy(plain))
    assert type(quick) is GroupedConvolution
    found, expected = (gradients_of(layer, maps, HALF) for layer in (quick, plain))
    exact = gradients_of(copy.deepcopy(plain).double(), maps.double(), torch.float64)
    assert torch.equal(found[0], expected[0])
    for one, other in zip(found[1:], exact[1:], strict=True):
        assert (one - other).abs().max() <= 2**-7 * other.abs().max()


@pytest.mark.parametrize(("kernel", "stride", "side", "to_maps", "to_weight"), CASES)
def test_gradients_without_a_quick_kernel_are_computed_in_single_precision(
    kernel, stride, side, to_maps, to_weight, monkeypatch
):
    precisions = {}

    def spied(name, of_gradient):
        original = getattr(depthwise, name)

        def spy(*arguments):
            precisions[name] = arguments[of_gradient].dtype
            return original(*arguments)

        monkeypatch.setattr(depthwise, name, spy)

    spied("conv2d_input", 2)
    spied("conv2d_weight", 2)
    _, of_maps, of_weight = gradients_of(
        quicken(layer_of(kernel, stride)), torch.randn(2, 8, side, side), HALF
    )
    assert precisions == {"conv2d_input": to_maps, "conv2d_weight": to_weight}
    assert of_maps.dtype == of_weight.dtype == SINGLE


def test_single_precision_is_torchs_bit_by_bit():
    plain, maps = layer_of(5, 2), torch.randn(2, 8, 9, 9)
    found = gradients_of(quicken(copy.deepcopy(plain)), maps, SINGLE)
    for one, other in zip(found, gradients_of(plain, maps, SINGLE), strict=True):
        assert torch.equal(one, other)


def test_a_frozen_side_costs_no_gradient():
    layer = quicken(layer_of(3, 2)).requires_grad_(False)
    maps = torch.randn(2, 8, 9, 9, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        layer(maps).float().sum().backward()
    assert maps.grad is not None
    assert layer.weight.grad is None


@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2", "resnet"])
def test_a_network_keeps_its_names_its_count_and_its_other_layers(name):
    network = build_network(name, 3, 32, {"depth": 10} if name == "resnet" else {"width": 0.25})
    state, macs = network.state_dict(), multiply_accumulates(network, 32)
    kinds = {key: type(module) for key, module in network.named_modules()}
    assert quicken(network) is network
    assert network.state_dict().keys() == state.keys()
    assert multiply_accumulates(network, 32) == macs
    for key, module in network.named_modules():
        grouped = isinstance(module, nn.Conv2d) and module.groups > 1
        assert type(module) is (GroupedConvolution if grouped else kinds[key])
    assert any(type(module) is GroupedConvolution for module in network.modules()) == (name != "resnet")


@pytest.mark.parametrize(
    "given", [{"bias": True}, {"padding": "same"}, {"padding": 1, "padding_mode": "reflect"}, {"groups": 1}]
)
def test_other_convolutions_are_left_alone(given):
    layer = nn.Conv2d(8, 8, 3, **{"groups": 8, "bias": False} | given)
    assert type(quicken(layer)) is nn.Conv2d
