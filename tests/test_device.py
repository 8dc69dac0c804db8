"""One place decides where and how networks run, from the config and the machine alone."""

import inspect

import pytest
import torch
from torch import nn

from skinkd import compiling, device
from skinkd.config import check_config, read_config
from skinkd.depthwise import GroupedConvolution
from skinkd.device import Device, choose_device
from skinkd.errors import InputError
from skinkd.networks import build_network
from skinkd.study import BASE

LONG = compiling.PAYS_FROM_IMAGES
ON_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


@pytest.fixture
def settings():
    """Torch's settings are put back."""
    yield
    choose_device("cpu", "auto", 1)


def test_cuda_without_a_gpu_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="finds no CUDA device"):
        choose_device("cuda", "auto", 1)
    assert choose_device("auto", "float32", 1) == Device("cpu", "float32")


@pytest.mark.parametrize(
    ("gpu", "flags", "expected"),
    [
        (False, "flags : fma amx_bf16", "bfloat16"),
        (False, "flags : fma avx512_bf16", "bfloat16"),
        (False, "flags : fma avx512f", "float32"),
        (True, "flags : fma", "bfloat16"),
    ],
)
def test_the_precision_follows_the_processor_unless_it_is_given(gpu, flags, expected, monkeypatch, settings):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(device, "_processor", lambda: flags)
    assert choose_device("auto", "auto", 1) == Device("cuda" if gpu else "cpu", expected)
    for given in ("float32", "bfloat16"):
        assert choose_device("auto", given, 1).precision == given


def test_single_precision_is_kept_from_tensor_cores_of_ten_bits(settings):
    for precision in ("float32", "bfloat16", "float32"):
        choose_device("cpu", precision, 1)
        assert torch.backends.cudnn.allow_tf32 == (precision != "float32")
        assert torch.get_float32_matmul_precision() == "highest"


def test_one_switch_allows_only_deterministic_algorithms(monkeypatch, settings):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    for switch in (False, True, False):
        assert choose_device("cpu", "float32", 1, deterministic=switch).deterministic == switch
        assert torch.are_deterministic_algorithms_enabled() == switch
        assert torch.backends.cudnn.deterministic == switch
        assert torch.backends.cudnn.benchmark != switch
        if switch:
            assert device.os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
            with pytest.raises(RuntimeError, match="deterministic"):
                torch.empty(2).put_(torch.tensor([0, 0]), torch.ones(2), accumulate=False)


@pytest.mark.parametrize("where", ["cpu", pytest.param("cuda", marks=ON_CUDA)])
@pytest.mark.parametrize("name", ["dsnet", "mobilenet_v2", "resnet", "efficientnet", "dsc", "vgg16"])
def test_deterministic_gradients_have_the_same_bits_twice(name, where, settings):
    """On a GPU, an operation that has no deterministic algorithm would refuse here."""
    parameters = {"resnet": {"depth": 10}, "efficientnet": {"variant": "b0", "width": 0.25, "depth": 0.5}}
    chosen = choose_device(where, "bfloat16", 1, deterministic=True)
    gradients = []
    for _ in range(2):
        torch.manual_seed(0)
        network = chosen.place(build_network(name, 3, 32, parameters.get(name, {}))).train()
        with chosen.autocast():
            logits = network(torch.randn(4, 3, 32, 32).to(where))
        logits.float().square().sum().backward()
        gradients.append([parameter.grad for parameter in network.parameters()])
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))


@pytest.mark.parametrize(
    ("name", "compile", "images", "deterministic", "expected"),
    [
        ("cuda", "auto", LONG, False, True),
        ("cuda", "auto", LONG - 1, False, False),
        ("cuda", "auto", LONG, True, False),
        ("cuda", "never", LONG, False, False),
        ("cpu", "auto", 100 * LONG, False, False),
        ("cpu", "always", 1, False, True),
        ("cpu", "always", 1, True, True),
    ],
)
def test_networks_are_compiled_where_it_pays_or_is_asked_for(
    name, compile, images, deterministic, expected, monkeypatch
):
    monkeypatch.setattr(compiling, "can_compile", lambda: True)
    assert Device(name, "bfloat16", deterministic, compile).compiles(images) == expected


def test_nothing_is_compiled_by_itself_on_a_machine_without_a_compiler(monkeypatch):
    monkeypatch.setattr(compiling.shutil, "which", lambda name: None)
    assert not Device("cuda", "bfloat16", compile="auto").compiles(LONG)


def test_a_network_is_placed_channels_last_with_quick_gradients():
    network = build_network("mobilenet_v2", 3, 32, {"width": 0.25})
    placed = Device("cpu", "float32").place(network, images_shown=10)
    assert placed is network
    convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert all(layer.weight.is_contiguous(memory_format=torch.channels_last) for layer in convolutions)
    assert any(type(layer) is GroupedConvolution for layer in convolutions)


def test_jobs_are_told_what_choosing_a_device_takes_and_nothing_else(settings):
    told = check_config(read_config(BASE)).device.of_jobs
    assert told.keys() == inspect.signature(choose_device).parameters.keys()
    choose_device(**told)
