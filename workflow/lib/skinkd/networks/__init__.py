"""The networks of the study, one family per file; a config names them by file.

Each file has a function of its own name: `(classes, size_px, **parameters) -> nn.Module`,
whose forward takes normalised images (batch, 3, size_px, size_px) and returns logits
(batch, classes), and the constant `HEAD`: the prefix of the classifier's parameters,
which pretrained weights do not cover.
"""

from importlib import import_module

import torch
from torch import nn

from skinkd.errors import InputError


def build_network(name: str, classes: int, size_px: int, parameters: dict, path_to_weights=None) -> nn.Module:
    """The network `name`, from torch's global random state or from pretrained weights.

    Raises:
        InputError: where the weights do not fit the network.
    """
    family = import_module(f"skinkd.networks.{name}")
    network = getattr(family, name)(classes, size_px, **parameters)
    if path_to_weights is not None:
        load_pretrained(network, path_to_weights, family.HEAD)
    return network


def load_pretrained(network: nn.Module, path_to_weights, head: str) -> None:
    """Fill `network` with pretrained weights; its classifier keeps its random values."""
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


def read_state(path) -> dict[str, torch.Tensor]:
    """Tensors by name from a .safetensors or .pth file; code in a pickle is never run.

    Raises:
        InputError: where the file is damaged or holds anything but tensors by name.
    """
    try:
        state = _load(path)
    except Exception as error:
        raise _unreadable(path, f"{type(error).__name__}: {str(error).splitlines()[0]}") from None
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
