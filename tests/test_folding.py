"""A folded network says the same as before, to rounding, and a frozen one does so in any number of pieces."""

import copy

import pytest
import torch
from test_networks import NETWORKS
from torch import nn

from skinkd import frozen
from skinkd.device import Device
from skinkd.folding import folded
from skinkd.frozen import Frozen
from skinkd.networks import Features, build_network, map_channels

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
CPU, HALF = Device("cpu", "float32"), Device("cpu", "bfloat16")


@pytest.fixture(
    params=NETWORKS, ids=lambda network: f"{network[0]}-{'-'.join(map(str, network[1].values()))}"
)
def trained(request):
    """A network of each family whose norms have seen something."""
    torch.manual_seed(0)
    name, parameters = request.param
    return lived_in(build_network(name, 3, 48, parameters))


def lived_in(network):
    """The network in evaluation mode, with other statistics, scales and shifts than those of the start."""
    for norm in norms_of(network):
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.2)
        nn.init.normal_(norm.running_mean, std=0.2)
        nn.init.uniform_(norm.running_var, 0.5, 2.0)
    return network.eval()


def norms_of(network):
    """The batch norms of a network."""
    return [module for module in network.modules() if isinstance(module, NORMS)]


def pictures_of(count=5, size_px=48):
    """Pictures of noise, channels last."""
    pictures = torch.randn(count, 3, size_px, size_px, generator=torch.Generator().manual_seed(1))
    return pictures.contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def seen(network, pictures):
    """Logits and last map."""
    features = Features(network)
    logits = network(pictures)
    features.remove()
    return logits, features.map


def assert_close(found, expected, tolerance):
    """Logits and maps are equal up to a share of the largest value."""
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        assert (one - other).abs().max() <= tolerance * other.abs().max()


def test_a_folded_network_says_the_same(trained):
    """In double precision, where rounding cannot hide a wrong fold."""
    network, pictures = trained.double(), pictures_of().double()
    before, drawn = copy.deepcopy(network.state_dict()), torch.get_rng_state()
    assert_close(seen(folded(network), pictures), seen(network, pictures), 1e-11)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert torch.equal(torch.get_rng_state(), drawn)


def test_no_norm_is_left_but_those_behind_an_activation(trained):
    # DSC normalises the output of a ReLU once, which no layer before it could do.
    left = 1 if hasattr(trained, "dense") else 0
    assert len(norms_of(folded(trained))) == left


class Around(nn.Module):
    """A map, `features`, and a classifier; the two norms stand where a subclass puts them."""

    last_map = "features"

    def __init__(self):
        super().__init__()
        self.features, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.classifier = nn.Linear(4, 2)

    def forward(self, pictures):
        return self.classifier(self.between(self.features(pictures)).mean(dim=(2, 3)))


class NormBehindMap(Around):
    """The norm comes after the last map, which must stay what it is."""

    def between(self, maps):
        return self.norm(maps)


class ReadTwice(Around):
    """What the norm reads, something else reads, too."""

    last_map = "classifier"

    def between(self, maps):
        return self.norm(maps) + maps


class CalledTwice(Around):
    """One norm for two different inputs."""

    last_map = "classifier"

    def between(self, maps):
        return self.norm(self.norm(maps).relu())


class Undecided(Around):
    """What it does depends on what it sees."""

    last_map = "classifier"

    def between(self, maps):
        return self.norm(maps) if maps.sum() > 0 else maps


class Plain(Around):
    """A norm that may be folded."""

    last_map = "classifier"

    def between(self, maps):
        return self.norm(maps)


@pytest.mark.parametrize("kind", [NormBehindMap, ReadTwice, CalledTwice, Undecided])
def test_a_norm_that_something_else_depends_on_stays(kind):
    network = lived_in(kind())
    assert len(norms_of(folded(network))) == 1
    assert_close(seen(folded(network), pictures_of()), seen(network, pictures_of()), 0)


def test_a_norm_on_the_same_side_of_the_maps_end_is_folded():
    network = lived_in(Plain())
    assert not norms_of(folded(network))
    assert_close(seen(folded(network), pictures_of()), seen(network, pictures_of()), 1e-5)


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_a_frozen_network_says_the_same_in_any_pieces(trained, at_once, monkeypatch):
    pictures, passes = pictures_of(), []
    monkeypatch.setattr(frozen, "PIXELS_AT_ONCE", at_once * 48**2 + 47)
    teacher = Frozen(trained, CPU)
    teacher.network.register_forward_pre_hook(lambda _, inputs: passes.append(len(inputs[0])))
    assert_close(seen(teacher, pictures), seen(trained, pictures), 1e-4)
    assert passes == {1: [1, 1, 1, 1, 1], 2: [2, 2, 1], 5: [5]}[at_once]


def test_weights_that_are_cast_once_say_what_those_cast_in_each_pass_do(trained):
    teacher, pictures = Frozen(trained, HALF), pictures_of()
    in_flight = folded(trained).to(memory_format=torch.channels_last)
    with HALF.autocast():
        expected = seen(in_flight, pictures)
    found = seen(teacher, pictures)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype == torch.bfloat16
        assert torch.equal(one, other)
    layers = [layer for layer in teacher.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert layers
    assert all(layer.weight.dtype == torch.bfloat16 for layer in layers)


def test_a_frozen_network_has_a_map_of_the_same_width_and_no_gradients(trained):
    teacher = Frozen(trained, HALF)
    assert map_channels(teacher, 48) == map_channels(trained, 48)
    logits = teacher(pictures_of())
    assert not logits.requires_grad
    assert not any(parameter.requires_grad for parameter in teacher.parameters())
    assert all(parameter.requires_grad for parameter in trained.parameters())
