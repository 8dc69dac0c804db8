"""Grad-CAM is what its equations say, for every network of the study, and leaves networks as they were."""

import pytest
import torch
from torch import nn

from skinkd.grad_cam import channel_weights, class_maps, upsampled
from skinkd.networks import build_network
from skinkd.pictures.grad_cam import brightest

NETWORKS = [
    ("dsc", {"width": 0.25}, 32),
    ("dsnet", {}, 32),
    ("efficientnet", {"variant": "b0", "width": 0.25, "head": "dropout_batch_norm"}, 64),
    ("inception_v3", {}, 96),
    ("mobilenet_v1", {"width": 0.25}, 64),
    ("mobilenet_v2", {"width": 0.35}, 64),
    ("resnet", {"depth": 10}, 64),
    ("resnet", {"depth": 18, "head": "dropout_batch_norm"}, 64),
    ("vgg16", {"width": 0.25}, 64),
]
# The mean over the map, then one linear layer, with the prefix of that layer.
LINEAR_ON_MEANS = [
    ("mobilenet_v2", {"width": 0.35}, "classifier.weight"),
    ("resnet", {"depth": 10}, "fc.weight"),
]


def built(name, parameters, size_px, classes=3):
    torch.manual_seed(0)
    network = build_network(name, classes, size_px, parameters)
    # Running means of other values than 0 and 1, so that evaluation mode is not training mode.
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    return network


def pictures_of(size_px, n=2):
    return torch.randn(n, 3, size_px, size_px, generator=torch.Generator().manual_seed(1))


def by_hand(head_weights, after=()):
    """Two channels that pass through, and a linear layer on the four positions of each."""
    layers = {"last": nn.Conv2d(2, 2, 1, bias=False), **dict(after), "flat": nn.Flatten()}
    network = nn.Sequential()
    for name, layer in layers.items():
        network.add_module(name, layer)
    network.add_module("head", nn.Linear(8, len(head_weights), bias=False))
    with torch.no_grad():
        network.last.weight.copy_(torch.eye(2)[:, :, None, None])
        network.head.weight.copy_(torch.tensor(head_weights))
    network.last_map = "last"
    return network


TWO_CHANNELS = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[4.0, 3.0], [2.0, 1.0]]]])
HEAD = [[2.0, 0.0, 1.0, 1.0, 0.0, -2.0, -2.0, 0.0], [-1.0] * 8]


def test_a_map_worked_by_hand():
    network = by_hand(HEAD)
    weights, maps = channel_weights(network, TWO_CHANNELS, torch.tensor([0]))
    assert weights.tolist() == [[1.0, -1.0]]
    assert torch.equal(maps, TWO_CHANNELS)
    # First channel minus second is (-3, -1; 1, 3); ReLU, then divided by 3.
    expected = torch.tensor([[[0.0, 0.0], [1 / 3, 1.0]]])
    torch.testing.assert_close(class_maps(network, TWO_CHANNELS, torch.tensor([0])), expected)


def test_where_nothing_speaks_for_a_class_its_map_is_zero():
    assert class_maps(by_hand(HEAD), TWO_CHANNELS, torch.tensor([1])).tolist() == [[[0.0, 0.0], [0.0, 0.0]]]


def test_a_layer_that_works_in_place_does_not_destroy_the_map():
    network = by_hand(HEAD, after=[("relu", nn.ReLU(inplace=True))])
    pictures = torch.tensor([[[[1.0, -2.0], [3.0, 4.0]], [[4.0, 3.0], [2.0, 1.0]]]])
    weights, maps = channel_weights(network, pictures, torch.tensor([0]))
    assert torch.equal(maps, pictures)
    # The gradient of the negative value is 0: (2 + 0 + 1 + 1) / 4, in which the missing weight is 0 anyway.
    assert weights.tolist() == [[1.0, -1.0]]


@pytest.mark.parametrize(("name", "parameters", "head"), LINEAR_ON_MEANS)
def test_behind_a_mean_and_a_linear_layer_the_weights_are_the_classs_own(name, parameters, head):
    network = built(name, parameters, 64)
    classes = torch.tensor([2, 0])
    weights, maps = channel_weights(network, pictures_of(64), classes)
    assert maps.shape[2:] == (2, 2)
    torch.testing.assert_close(weights, network.get_parameter(head)[classes].detach() / 4)


def test_dsnets_weights_are_the_means_of_its_linear_layer():
    network = built("dsnet", {}, 32)
    weights, maps = channel_weights(network, pictures_of(32), torch.tensor([1, 1]))
    by_position = network.classifier.weight.detach().view(3, 32, -1)
    assert by_position.shape[2] == maps[0, 0].numel() > 1
    torch.testing.assert_close(weights[0], by_position[1].mean(dim=1))


@pytest.mark.parametrize(("name", "parameters", "size_px"), NETWORKS)
def test_maps_are_shares_of_their_maximum_and_repeat(name, parameters, size_px):
    network, pictures = built(name, parameters, size_px), pictures_of(size_px)
    for index in range(3):
        maps = class_maps(network, pictures, torch.full((2,), index))
        assert maps.dtype == torch.float32
        assert not maps.requires_grad
        assert maps.min() >= 0
        assert set(maps.amax(dim=(1, 2)).tolist()) <= {0.0, 1.0}
        assert torch.equal(maps, class_maps(network, pictures, torch.full((2,), index)))


@pytest.mark.parametrize(("name", "parameters", "size_px"), NETWORKS)
def test_the_last_map_is_the_one_that_the_logits_are_made_from(name, parameters, size_px):
    """A small step along the weights, spread over the map, changes the logit as the gradient says."""
    network, pictures = built(name, parameters, size_px).eval().double(), pictures_of(size_px, n=1).double()
    weights, maps = channel_weights(network, pictures, torch.tensor([1]))
    positions, step = maps[0, 0].numel(), 1e-6 * maps.abs().max() / weights.abs().max()
    shift = weights[:, :, None, None].expand_as(maps)
    logits = []
    for sign in (-1, 1):
        changed = maps + sign * step * shift
        layer = network.get_submodule(network.last_map)
        with layer.register_forward_hook(lambda *_, value=changed: value.clone()), torch.no_grad():
            logits.append(network(pictures)[0, 1])
    slope = (logits[1] - logits[0]) / (2 * step)
    torch.testing.assert_close(slope, positions * weights.square().sum(), rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize(("name", "parameters", "size_px"), NETWORKS)
def test_a_network_stays_as_it_was(name, parameters, size_px):
    network = built(name, parameters, size_px).train()
    next(network.children()).eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    parameter = next(network.parameters())
    parameter.grad = torch.ones_like(parameter)
    hooks = [(len(module._forward_hooks), len(module._backward_hooks)) for module in network.modules()]
    modes = [module.training for module in network.modules()]
    random = torch.get_rng_state()
    class_maps(network, pictures_of(size_px), torch.tensor([0, 1]))
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert torch.equal(parameter.grad, torch.ones_like(parameter))
    assert [p for p in network.parameters() if p.grad is not None] == [parameter]
    assert hooks == [(len(m._forward_hooks), len(m._backward_hooks)) for m in network.modules()]
    assert [module.training for module in network.modules()] == modes
    assert any(modes)
    assert not all(modes)
    assert torch.equal(torch.get_rng_state(), random)


def test_frozen_networks_and_callers_without_gradients_get_the_same_maps():
    network, pictures, classes = built("resnet", {"depth": 10}, 64), pictures_of(64), torch.tensor([0, 1])
    expected = class_maps(network, pictures, classes)
    with torch.no_grad():
        assert torch.equal(class_maps(network.requires_grad_(False), pictures, classes), expected)


def test_no_picture_sees_another():
    network, pictures = built("mobilenet_v2", {"width": 0.35}, 64), pictures_of(64, n=3)
    together = class_maps(network, pictures, torch.tensor([0, 1, 2]))
    alone = class_maps(network, pictures[1:2], torch.tensor([1]))
    torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-5)


def test_upsampling_keeps_the_middle_between_two_values():
    maps = upsampled(torch.tensor([[[0.0, 1.0], [0.0, 1.0]]]), 4)
    assert maps.tolist() == [[[0.0, 0.25, 0.75, 1.0]] * 4]


@pytest.mark.parametrize(
    ("row", "column", "place"),
    [(0, 0, "upper left"), (1, 1, "middle centre"), (2, 0, "lower left"), (0, 2, "upper right")],
)
@pytest.mark.parametrize("side", [3, 7, 28])
def test_the_brightest_place_is_named_by_thirds(side, row, column, place):
    heat = torch.zeros(side, side)
    heat[row * (side - 1) // 2, column * (side - 1) // 2] = 1
    assert brightest(heat.numpy()) == place


def test_maps_without_a_brightest_place_say_so():
    assert brightest(torch.zeros(7, 7).numpy()) == "nowhere"
    assert brightest(torch.ones(1, 1).numpy()) == "everywhere alike"
