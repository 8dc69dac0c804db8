"""The networks of the study, one family per file; a config names them by file.

Each file has a function of its own name: `(classes, size_px, **parameters) -> nn.Module`,
whose forward takes normalised images (batch, 3, size_px, size_px) and returns logits
(batch, classes), and two constants: `HEAD`, the prefixes of the classifiers' parameters,
which pretrained weights do not cover; `MAP`, the module that puts out the last
convolutional map, (batch, K, H, W), from which the classifier is computed.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import torch
from torch import Tensor, nn

from skinkd.errors import InputError


def build_network(name: str, classes: int, size_px: int, parameters: dict, path_to_weights=None) -> nn.Module:
    """The network `name`, from torch's global random state or from pretrained weights.

    Raises:
        InputError: where the weights do not fit the network, or the pictures are too small for it.
    """
    family = import_module(f"skinkd.networks.{name}")
    network = getattr(family, name)(classes, size_px, **parameters)
    network.last_map = family.MAP
    if path_to_weights is not None:
        load_pretrained(network, path_to_weights, family.HEAD)
    return network


def load_pretrained(network: nn.Module, path_to_weights, head: str | tuple[str, ...]) -> None:
    """Fill `network` with pretrained weights; what begins with `head` keeps its random values."""
    state = {key: value for key, value in read_state(path_to_weights).items() if not key.startswith(head)}
    try:
        missing, unexpected = network.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise _misfit(path_to_weights, str(error).splitlines()[-1].strip()) from None
    missing = [key for key in missing if not key.startswith(head) and not key.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise _misfit(
            path_to_weights, f"{len(missing)} parameters are missing, {len(unexpected)} are unknown"
        )


def read_state(path) -> dict[str, Tensor]:
    """Tensors by name from a .safetensors or .pth file; code in a pickle is never run.

    Raises:
        InputError: where the file is damaged or holds anything but tensors by name.
    """
    try:
        state = _load(path)
    except Exception as error:
        # torch goes on to say how its guard against programs is turned off.
        first_sentence = re.split(r"\n|\. ", str(error))[0]
        raise _unreadable(path, f"{type(error).__name__}: {first_sentence}") from None
    if not isinstance(state, dict) or not all(torch.is_tensor(value) for value in state.values()):
        raise _unreadable(path, "it holds other things than tensors by name")
    return state


def _load(path):
    """What a .safetensors or .pth file holds."""
    if str(path).endswith(".safetensors"):
        from safetensors.torch import load_file

        return load_file(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def trainable_parameters(network: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


class Features:
    """Watches the last convolutional map of a network that `build_network` made.

    One hook for as long as this object is in use, however many forward passes there are.

    Attributes:
        map: (batch, K, H, W) from the latest forward pass, with its gradient and in its
            precision; None before the first.
    """

    def __init__(self, network: nn.Module):
        self.map: Tensor | None = None
        self._hook = network.get_submodule(network.last_map).register_forward_hook(self._keep)

    def _keep(self, module, inputs, output: Tensor) -> None:
        self.map = output

    def remove(self) -> None:
        """Stop watching."""
        self._hook.remove()


def map_channels(network: nn.Module, size_px: int) -> int:
    """Channels of a network's last convolutional map, which are the length of its embedding."""
    features = Features(network)
    look_once(network, size_px)
    features.remove()
    return features.map.shape[1]


def look_once(network: nn.Module, size_px: int) -> None:
    """One forward pass, of a black picture, that leaves the network as it was."""
    with torch.inference_mode(), evaluating(network):
        network(torch.zeros(1, 3, size_px, size_px, device=next(network.parameters()).device))


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, and what each module was in before outside."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def classifier(head: str, features: int, classes: int, dropout: float = 0.0) -> nn.Module:
    """The classifier on pooled features, (batch, features) to (batch, classes).

    Args:
        head: `linear`, or `dropout_batch_norm`: dropout 0.5, batch norm, linear
            (Khan et al., DSNet, arXiv:2210.08086, section 3.1; its printed count, 23,542,786 for
            Keras' ResNet-50, holds the batch norm).
        dropout: share of the features dropped before `linear`.
    """
    linear = nn.Linear(features, classes)
    if head == "dropout_batch_norm":
        return nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(features), linear)
    return nn.Sequential(nn.Dropout(dropout), linear) if dropout else linear


def scaled(channels: int, width: float) -> int:
    """`channels` of a paper's network in one that is `width` times as wide."""
    return max(1, round(channels * width))


def initialise_as_keras(module: nn.Module) -> None:
    """Glorot uniform weights, zero biases."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


def require_size(
    network: str, size_px: int, smallest_px: int, otherwise: str = "choose another network"
) -> None:
    """Refuse pictures that a network's convolutions and poolings would shrink to nothing.

    Raises:
        InputError: where `size_px` is less than `smallest_px`.
    """
    if size_px < smallest_px:
        raise InputError(
            "network",
            f"{network} needs pictures of at least {smallest_px} px, but size_px is {size_px}",
            "Its last map would have no pixel left",
            f"set size_px to {smallest_px} or more, or {otherwise}",
        )


def _unreadable(path, detail: str) -> InputError:
    """The error for a file that is damaged, or that would have to be run to be read."""
    return InputError(
        "weights",
        f"{path} cannot be read as weights ({detail})",
        "Training would not start from what the config says",
        "fetch the file again from its publisher",
    )


def _misfit(path, detail: str) -> InputError:
    """The error for weights of another network."""
    return InputError(
        "weights",
        f"{path} does not fit the network: {detail}",
        "Training would start from something else than the config says",
        "name weights of the same architecture, or `weights: null`",
    )
