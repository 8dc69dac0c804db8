"""Networks have the published sizes, and pretrained weights fill all of them but the classifier."""

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from skinkd.errors import InputError
from skinkd.networks import build_network, load_pretrained, trainable_parameters

WEIGHTS = Path(__file__).parents[2] / "shared" / "weights"
KERAS = WEIGHTS / "resnet50_keras_in1k.fp16.safetensors"
MOBILENET = WEIGHTS / "mobilenet_v2_tv_in1k.torchvision.safetensors"
NETWORKS = [
    ("dsnet", {}),
    ("mobilenet_v2", {}),
    ("mobilenet_v2", {"width": 0.35}),
    ("resnet", {"depth": 10}),
    ("resnet", {"depth": 18, "head": "dropout_batch_norm"}),
    ("resnet", {"depth": 50, "stride_on": "conv1"}),
]


@pytest.mark.parametrize(
    ("name", "classes", "size_px", "parameters", "expected"),
    [
        ("dsnet", 2, 224, {}, 268_898),
        ("mobilenet_v2", 8, 224, {}, 2_234_120),
        ("resnet", 8, 224, {"depth": 50}, 23_524_424),
        # Keras prints 23,542,786: its convolutions have biases, 26,560 in all, which the batch norms undo.
        ("resnet", 2, 224, {"depth": 50, "head": "dropout_batch_norm"}, 23_542_786 - 26_560),
    ],
    ids=["dsnet", "mobilenet_v2", "resnet50", "resnet50-keras-head"],
)
def test_trainable_parameters(name, classes, size_px, parameters, expected):
    assert trainable_parameters(build_network(name, classes, size_px, parameters)) == expected


@pytest.mark.parametrize("size_px", [48, 64])
@pytest.mark.parametrize("classes", [2, 8])
@pytest.mark.parametrize(("name", "parameters"), NETWORKS)
def test_pictures_become_one_logit_per_class(name, parameters, classes, size_px):
    network = build_network(name, classes, size_px, parameters).eval()
    with torch.inference_mode():
        logits = network(torch.randn(2, 3, size_px, size_px))
    assert logits.shape == (2, classes)
    assert torch.isfinite(logits).all()


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
    with pytest.raises(InputError, match="cannot be read as weights"):
        build_network("resnet", 2, 48, {"depth": 10}, path)
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
