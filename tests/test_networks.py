"""Networks have the published sizes and costs, and pretrained weights fill all of them but the classifier."""

import importlib
import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from skinkd.device import Device
from skinkd.errors import InputError
from skinkd.network_cost import megabytes, multiply_accumulates, time_inference
from skinkd.networks import (
    Features,
    build_network,
    load_pretrained,
    look_once,
    map_channels,
    scaled,
    trainable_parameters,
)
from skinkd.networks.mobilenet_v1 import Rescale
from skinkd.signatures import names_in, problems_of

WEIGHTS = Path(__file__).parents[2] / "shared" / "weights"
KERAS = WEIGHTS / "resnet50_keras_in1k.fp16.safetensors"
MOBILENET = WEIGHTS / "mobilenet_v2_tv_in1k.torchvision.safetensors"
PAPERS_HEAD = {"head": "dropout_batch_norm"}
NETWORKS = [
    ("dsc", {"width": 0.125}),
    ("dsc", {"width": 0.125, "column": "activation"}),
    ("dsnet", {}),
    ("efficientnet", {"variant": "b0", "width": 0.5, "depth": 0.5}),
    ("efficientnet", {"variant": "b7", "width": 0.25, "depth": 0.3} | PAPERS_HEAD),
    ("inception_v3", {"padded": True}),
    ("mobilenet_v1", {"width": 0.25}),
    ("mobilenet_v1", {"width": 0.25} | PAPERS_HEAD),
    ("mobilenet_v2", {}),
    ("mobilenet_v2", {"width": 0.35, "dropout": 0.2}),
    ("resnet", {"depth": 10}),
    ("resnet", {"depth": 18} | PAPERS_HEAD),
    ("resnet", {"depth": 50, "stride_on": "conv1"}),
    ("vgg16", {"width": 0.25}),
]


def test_every_network_is_tested_here():
    assert {name for name, _ in NETWORKS} == set(names_in("networks"))
    for name, parameters in NETWORKS:
        assert problems_of("networks", name, parameters, "here") == []


def nothing(network):
    """Ours is the paper's network, number by number."""
    return 0


def biases_of_convolutions(network):
    """Keras' ResNets have biases before batch norms, which undo them."""
    return sum(layer.out_channels for layer in network.modules() if isinstance(layer, nn.Conv2d))


def scales_of_batch_norms(network):
    """Keras' Inception-v3 has no scales in its batch norms: less is printed than we have."""
    return -sum(layer.num_features for layer in network.modules() if isinstance(layer, nn.BatchNorm2d))


@pytest.mark.parametrize(
    ("name", "classes", "parameters", "ours", "printed", "difference"),
    [
        # DSNet prints 268,898 and 23,542,786; of its other students millions, which Keras' counts round to.
        ("dsnet", 2, {}, 268_898, 268_898, nothing),
        ("resnet", 2, {"depth": 50} | PAPERS_HEAD, 23_516_226, 23_542_786, biases_of_convolutions),
        ("resnet", 2, {"depth": 101} | PAPERS_HEAD, 42_508_354, 42_561_026, biases_of_convolutions),
        ("inception_v3", 2, PAPERS_HEAD, 21_793_762, 21_776_546, scales_of_batch_norms),
        ("vgg16", 2, PAPERS_HEAD, 14_716_738, 14_716_738, nothing),
        ("efficientnet", 2, {"variant": "b0"} | PAPERS_HEAD, 4_012_670, 4_012_670, nothing),
        ("mobilenet_v1", 2, PAPERS_HEAD, 3_211_074, 3_211_074, nothing),
        # Davidi & Park; SSD-KD has the same student, and prints both networks with ImageNet's 1,000 classes.
        ("efficientnet", 8, {"variant": "b7"}, 63_807_448, 63_807_448, nothing),
        ("mobilenet_v2", 8, {}, 2_234_120, 2_234_120, nothing),
        ("resnet", 8, {"depth": 50}, 23_524_424, 23_524_424, nothing),
        # DSC prints no count: these are Table 2's, worked out by hand.
        ("dsc", 2, {}, 54_663_234, 54_663_234, nothing),
        ("dsc", 2, {"column": "activation"}, 54_572_098, 54_572_098, nothing),
    ],
)
def test_trainable_parameters(name, classes, parameters, ours, printed, difference):
    network = build_network(name, classes, 224, parameters)
    assert trainable_parameters(network) == ours
    assert printed - ours == difference(network)


@pytest.fixture(
    params=NETWORKS, ids=lambda network: f"{network[0]}-{'-'.join(map(str, network[1].values()))}"
)
def small(request):
    """Builds one of the small networks, at 48 px for 3 classes unless told otherwise."""

    def build(classes=3, size_px=48):
        name, parameters = request.param
        torch.manual_seed(0)
        network = build_network(name, classes, size_px, parameters).eval()
        network.family = importlib.import_module(f"skinkd.networks.{name}")
        return network

    return build


@pytest.mark.parametrize("size_px", [32, 64])
@pytest.mark.parametrize("classes", [2, 8])
def test_pictures_become_one_logit_per_class(small, classes, size_px):
    network = small(classes, size_px)
    with torch.inference_mode():
        logits = network(torch.randn(2, 3, size_px, size_px))
    assert logits.shape == (2, classes)
    assert torch.isfinite(logits).all()
    assert logits.std() > 0


def test_evaluation_depends_on_neither_chance_nor_neighbours(small):
    network, pictures = small(), torch.randn(3, 3, 48, 48)
    with torch.inference_mode():
        logits = network(pictures)
        torch.manual_seed(1)
        assert torch.equal(network(pictures), logits)
        alone = torch.cat([network(picture[None]) for picture in pictures])
    torch.testing.assert_close(alone, logits, rtol=1e-3, atol=1e-4)


def test_training_reaches_every_parameter(small):
    network = small().train()
    network(torch.randn(4, 3, 48, 48)).square().sum().backward()
    untouched = [name for name, value in network.named_parameters() if value.grad is None]
    assert untouched == []


POOLED = {
    "dsnet": lambda network, last_map: last_map.flatten(1),
    "dsc": lambda network, last_map: network.dense(last_map),
}


def mean_over_the_map(network, last_map):
    return last_map.mean(dim=(2, 3))


def test_the_classifier_is_computed_from_the_last_map(small):
    """What HEAD and MAP name fits together; all but DSNet and DSC classify the map's mean."""
    network = small()
    channels, features = map_channels(network, 48), Features(network)
    heads = network.family.HEAD
    head = network.get_submodule((heads if isinstance(heads, str) else heads[0]).removesuffix("."))
    pooled = POOLED.get(network.family.__name__.split(".")[-1], mean_over_the_map)
    with torch.inference_mode():
        logits = network(torch.randn(2, 3, 48, 48))
        torch.testing.assert_close(head(pooled(network, features.map)), logits)
    assert features.map.shape[:2] == (2, channels)


@pytest.mark.parametrize(
    ("name", "parameters", "channels"),
    [
        ("dsc", {}, 32),
        ("dsnet", {}, 32),
        ("efficientnet", {"variant": "b0"}, 1280),
        ("efficientnet", {"variant": "b7"}, 2560),
        ("inception_v3", {}, 2048),
        ("mobilenet_v1", {}, 1024),
        ("mobilenet_v2", {}, 1280),
        ("resnet", {"depth": 50}, 2048),
        ("vgg16", {}, 512),
    ],
)
def test_the_last_map_has_the_published_channels(name, parameters, channels):
    assert map_channels(build_network(name, 8, 96, parameters), 96) == channels


def hooks_of(network):
    return sum(len(module._forward_hooks) for module in network.modules())


def test_a_watched_network_has_one_hook_for_as_long_as_it_is_watched():
    network = build_network("resnet", 2, 48, {"depth": 10})
    features = Features(network)
    assert features.map is None
    pictures = torch.randn(3, 2, 3, 48, 48)
    maps = []
    for batch in pictures:
        network(batch)
        maps.append(features.map)
        assert hooks_of(network) == 1
    assert all(last_map.shape == (2, 512, 2, 2) for last_map in maps)
    assert not torch.equal(maps[0], maps[1])
    features.remove()
    network(pictures[0])
    assert hooks_of(network) == 0
    assert features.map is maps[-1]
    map_channels(network, 48)
    multiply_accumulates(network, 48)
    assert hooks_of(network) == 0


def test_watching_changes_no_logit_and_keeps_the_gradient(small):
    network, pictures = small(), torch.randn(2, 3, 48, 48)
    with torch.autocast("cpu", torch.bfloat16):
        unwatched = network(pictures)
        features = Features(network)
        watched = network(pictures)
    assert torch.equal(watched, unwatched)
    assert features.map.dtype == torch.bfloat16
    [gradient] = torch.autograd.grad(watched.float().sum(), features.map, retain_graph=True)
    assert gradient.abs().sum() > 0
    features.map.float().square().sum().backward()
    assert next(network.parameters()).grad.abs().sum() > 0


def test_looking_at_a_network_leaves_it_as_it_was(small):
    network = small().train()
    first = next(module for module in network.modules() if not list(module.children()))
    first.eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    chance = torch.get_rng_state()
    look_once(network, 48)
    assert network.training and not first.training
    assert torch.equal(torch.get_rng_state(), chance)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
@pytest.mark.parametrize(
    ("name", "smallest_px"), [("dsc", 8), ("dsnet", 18), ("inception_v3", 75), ("vgg16", 32)]
)
def test_pictures_that_would_shrink_to_nothing_are_refused(name, smallest_px, monkeypatch):
    with pytest.raises(InputError, match=rf"{name} needs pictures of at least {smallest_px} px, but size_px"):
        build_network(name, 2, smallest_px - 1, {})
    network = build_network(name, 2, smallest_px, {}).eval()
    features = Features(network)
    look_once(network, smallest_px)
    assert features.map.shape[2:] == (1, 1)
    monkeypatch.setattr(f"skinkd.networks.{name}.require_size", lambda *arguments: None)
    with pytest.raises((RuntimeError, ZeroDivisionError)):
        look_once(build_network(name, 2, smallest_px - 1, {}), smallest_px - 1)


def test_padding_changes_the_maps_of_inception_and_no_parameter():
    plain, padded = (build_network("inception_v3", 2, 96, {"padded": padded}) for padded in (False, True))
    shapes = [{key: value.shape for key, value in found.state_dict().items()} for found in (plain, padded)]
    assert shapes[0] == shapes[1]
    sides = []
    for network in (plain, padded):
        features = Features(network)
        look_once(network, 96)
        sides.append(features.map.shape[-1])
    assert sides == [1, 3]


def test_dsc_is_table_2():
    network = build_network("dsc", 2, 224, {"column": "activation"})
    shapes = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.BatchNorm2d | nn.Flatten):
            module.register_forward_hook(lambda layer, inputs, output: shapes.append(tuple(output.shape[1:])))
    look_once(network, 224)
    assert shapes == [
        *((64, 224, 224), (64, 224, 224), (64, 112, 112)),
        *((32, 112, 112), (32, 112, 112), (32, 112, 112), (32, 56, 56)),
        *((32, 56, 56), (32, 56, 56), (32, 28, 28), (25_088,)),
    ]
    for norm in (layer for layer in network.modules() if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)):
        # Keras' momentum is the share of the old value, torch's that of the new one.
        assert (norm.eps, norm.momentum) == (0.001, pytest.approx(1 - 0.99))
    assert [layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)] == [0.4]


def test_dsc_pads_below_and_to_the_right():
    """As Keras does, so the first pixel sees no padding and the last one does."""
    network = build_network("dsc", 2, 8, {})
    first = nn.Sequential(*network.features[:2])
    first[1].weight.data.fill_(1.0)
    summed = first(torch.ones(1, 3, 8, 8))[0, 0]
    assert (summed[0, 0], summed[0, -1], summed[-1, -1]) == (12, 6, 3)


def test_vgg16_is_torchvisions():
    from torchvision.models import vgg16

    torch.manual_seed(0)
    theirs = vgg16(weights=None)
    ours = build_network("vgg16", 2, 32, {})
    ours.features.load_state_dict(theirs.features.state_dict())
    pictures = torch.randn(1, 3, 32, 32)
    assert torch.equal(ours.features(pictures), theirs.features(pictures))


def test_mobilenet_v1_has_timms_names():
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    blocks = [f"blocks.{stage}.{n}." for stage, count in enumerate((1, 2, 2, 6, 2)) for n in range(count)]
    expected = {"conv_stem.weight", *(f"bn1.{part}" for part in norm), "classifier.weight", "classifier.bias"}
    for block in blocks:
        expected |= {f"{block}conv_dw.weight", f"{block}conv_pw.weight"}
        expected |= {f"{block}bn{n}.{part}" for n in (1, 2) for part in norm}
    assert set(build_network("mobilenet_v1", 2, 48, {}).state_dict()) == expected


def test_mobilenet_v1_sees_pixels_from_minus_one_to_one():
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    for brightness, expected in [(0.0, -1.0), (0.5, 0.0), (1.0, 1.0)]:
        normalised = ((brightness - mean) / deviation).reshape(1, 3, 1, 1)
        torch.testing.assert_close(Rescale()(normalised), torch.full((1, 3, 1, 1), expected))


@pytest.mark.parametrize(
    ("name", "parameters", "dropouts"),
    [
        ("efficientnet", {"variant": "b7", "width": 0.25, "depth": 0.3}, [0.5]),
        ("efficientnet", {"variant": "b0"}, [0.2]),
        ("efficientnet", {"variant": "b0"} | PAPERS_HEAD, [0.5]),
        ("inception_v3", {"padded": True}, [0.5]),
        ("inception_v3", {"padded": True} | PAPERS_HEAD, [0.5]),
        ("mobilenet_v1", PAPERS_HEAD, [0.5]),
        ("mobilenet_v1", {}, []),
        ("mobilenet_v2", {}, []),
        ("mobilenet_v2", {"dropout": 0.2}, [0.2]),
        ("vgg16", PAPERS_HEAD, [0.5]),
    ],
)
def test_dropout_before_the_classifier(name, parameters, dropouts):
    network = build_network(name, 2, 48, parameters)
    rates = [module.p for module in network.modules() if isinstance(module, nn.Dropout) and module.p > 0]
    assert rates == dropouts


def test_widths_are_whole_and_never_zero():
    assert [scaled(64, width) for width in (1.0, 0.5, 0.33, 1e-6)] == [64, 32, 21, 1]


def test_unknown_variants_are_refused():
    [problem] = problems_of("networks", "efficientnet", {"variant": "b1"}, "networks.teacher")
    assert "networks.teacher.variant: input should be 'b0' or 'b7'" in problem
    [problem] = problems_of("networks", "dsc", {"column": "units"}, "networks.student")
    assert "networks.student.column: input should be 'filters' or 'activation'" in problem


def test_naming_a_network_does_not_import_torchvision():
    files = [f"skinkd.networks.{name}" for name in names_in("networks")]
    code = f"import sys, {', '.join(files)}; sys.exit('torchvision' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


def test_multiply_accumulates_by_hand():
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),  # 25 pixels, 8 channels, 27 weights each
        nn.Conv2d(8, 8, 3, groups=4, stride=2),  # 4 pixels, 8 channels, 18 weights each
        *(nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(32, 7)),
    )
    assert multiply_accumulates(network, 5) == 25 * 8 * 27 + 4 * 8 * 18 + 32 * 7


@pytest.mark.parametrize(
    ("name", "classes", "parameters", "expected"),
    [
        ("dsnet", 2, {}, 222**2 * 128 * 27 + 109**2 * 64 * 1152 + 52**2 * 32 * 576 + 86_528 * 2),
        ("resnet", 1000, {"depth": 50}, 4_089_184_256),  # torchvision prints 4.09e9, SSD-KD 4.11
        ("mobilenet_v2", 1000, {}, 300_774_272),  # torchvision prints 0.30e9, SSD-KD 0.31
    ],
)
def test_published_multiply_accumulates(name, classes, parameters, expected):
    assert multiply_accumulates(build_network(name, classes, 224, parameters), 224) == expected


def test_multiply_accumulates_are_half_of_what_torch_counts(small):
    network = small()
    with FlopCounterMode(display=False) as counter:
        look_once(network, 48)
    assert counter.get_total_flops() == 2 * multiply_accumulates(network, 48)


def test_megabytes_are_the_size_of_the_file(small, tmp_path):
    network = small()
    save_file(network.state_dict(), tmp_path / "network.safetensors")
    header = 200 * len(network.state_dict())
    size = (tmp_path / "network.safetensors").stat().st_size
    assert 0 <= size - megabytes(network) * 2**20 <= header


def test_resnet50_has_the_printed_megabytes():
    assert round(megabytes(build_network("resnet", 1000, 64, {"depth": 50}))) == 98  # SSD-KD, Table 1


class Sleeper(nn.Module):
    """Sleeps for each forward pass as long as it is told."""

    def __init__(self, naps_s):
        super().__init__()
        self.weight, self.naps_s, self.modes = nn.Parameter(torch.zeros(1)), iter(naps_s), []

    def forward(self, pictures):
        self.modes.append((self.training, tuple(pictures.shape), torch.is_grad_enabled()))
        time.sleep(next(self.naps_s))
        return pictures


def test_the_time_is_the_median_of_warmed_up_passes():
    network = Sleeper([0.4, 0.4, 0.4, 0.02, 0.02, 0.4, 0.02, 0.02]).train()
    assert 20 <= time_inference(network, 16, Device("cpu", "float32"), repeats=5) < 400
    assert network.modes == [(False, (1, 3, 16, 16), False)] * 8
    assert network.training


def test_equal_seeds_give_equal_networks():
    states = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        states.append(build_network("resnet", 2, 48, {"depth": 10}).state_dict()["fc.weight"])
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])


def test_stride_on_conv1_moves_strides_and_nothing_else():
    v1, v15 = (
        dict(build_network("resnet", 2, 64, {"depth": 50, "stride_on": on}).named_modules())
        for on in ("conv1", "conv2")
    )
    assert v1.keys() == v15.keys()
    moved = {name for name in v1 if getattr(v1[name], "stride", 0) != getattr(v15[name], "stride", 0)}
    assert moved == {f"layer{stage}.0.conv{n}" for stage in (2, 3, 4) for n in (1, 2)}
    for stage in (2, 3, 4):
        assert v1[f"layer{stage}.0.conv1"].stride == v15[f"layer{stage}.0.conv2"].stride == (2, 2)
        assert v1[f"layer{stage}.0.conv2"].stride == v15[f"layer{stage}.0.conv1"].stride == (1, 1)


@pytest.fixture
def pretrained(tmp_path):
    """A small ResNet for 5 classes on disk, and its state."""
    state = build_network("resnet", 5, 48, {"depth": 10}).state_dict()
    save_file(state, tmp_path / "weights.safetensors")
    return tmp_path / "weights.safetensors", state


def test_pretrained_weights_fill_all_but_the_classifier(pretrained):
    path, state = pretrained
    torch.manual_seed(0)
    head = build_network("resnet", 3, 48, {"depth": 10}).fc.weight.detach().clone()
    torch.manual_seed(0)
    filled = build_network("resnet", 3, 48, {"depth": 10}, path).state_dict()
    assert torch.equal(filled["fc.weight"], head)
    assert all(torch.equal(filled[key], state[key]) for key in state if not key.startswith("fc."))


def test_a_pth_file_is_read_as_a_safetensors_file_is(pretrained, tmp_path):
    path, state = pretrained
    torch.save(state, tmp_path / "weights.pth")
    networks = [
        build_network("resnet", 5, 48, {"depth": 10}, weights) for weights in (path, tmp_path / "weights.pth")
    ]
    assert torch.equal(networks[0].conv1.weight, networks[1].conv1.weight)


def test_weights_of_another_depth_are_counted(pretrained):
    path, state = pretrained
    deeper = build_network("resnet", 5, 48, {"depth": 18})
    missing = [key for key in deeper.state_dict() if key not in state and "num_batches" not in key]
    with pytest.raises(InputError, match=f"{len(missing)} parameters are missing, 0 are unknown"):
        load_pretrained(deeper, path, "fc.")
    with pytest.raises(
        InputError, match=r"does not fit the network: \d+ parameters are missing, \d+ are unk"
    ):
        build_network("dsnet", 5, 48, {}, path)


def test_weights_of_other_shapes_are_refused(pretrained):
    path, _ = pretrained
    narrow = build_network("resnet", 5, 48, {"depth": 10})
    narrow.conv1 = torch.nn.Conv2d(1, 64, 7, bias=False)
    with pytest.raises(InputError, match="does not fit the network: size mismatch for conv1"):
        load_pretrained(narrow, path, "fc.")


class Malicious:
    """Touches a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


@pytest.mark.parametrize(
    "save", [torch.save, lambda thing, path: path.write_bytes(pickle.dumps(thing, protocol=2))]
)
def test_code_in_a_weights_file_is_not_run(save, tmp_path):
    path, marker = tmp_path / "weights.pth", tmp_path / "marker"
    save({"conv1.weight": Malicious(marker)}, path)
    with pytest.raises(InputError, match="cannot be read as weights") as error:
        build_network("resnet", 2, 48, {"depth": 10}, path)
    assert "weights_only" not in str(error.value), "nobody should be told how to run it"
    assert not marker.exists()
    pickle.loads(pickle.dumps(Malicious(marker)))
    assert marker.exists(), "the code would not have run anyway"


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
def test_a_damaged_weights_file_is_refused(name, tmp_path):
    (tmp_path / name).write_bytes(b"half a file")
    with pytest.raises(InputError, match="cannot be read as weights"):
        build_network("resnet", 2, 48, {"depth": 10}, tmp_path / name)


def test_a_file_without_names_is_refused(tmp_path):
    torch.save([torch.zeros(1)], tmp_path / "weights.pth")
    with pytest.raises(InputError, match="other things than tensors by name"):
        build_network("resnet", 2, 48, {"depth": 10}, tmp_path / "weights.pth")


@pytest.mark.parametrize(
    ("name", "parameters", "path"),
    [
        ("resnet", {"depth": 50, "stride_on": "conv1"}, KERAS),
        ("resnet", {"depth": 50, "stride_on": "conv1", "head": "dropout_batch_norm"}, KERAS),
        ("mobilenet_v2", {}, MOBILENET),
    ],
    ids=["resnet50", "resnet50-keras-head", "mobilenet_v2"],
)
def test_real_weights_load(name, parameters, path):
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the repository")
    network = build_network(name, 8, 64, parameters, path)
    assert all(parameter.dtype == torch.float32 for parameter in network.parameters())
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())
