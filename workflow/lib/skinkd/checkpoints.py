"""Trained networks on disk: .safetensors files whose headers say what they are.

Network, classes, and the digests of what it was trained on. Neither torch nor safetensors sees a flipped bit
in a tensor, so the header also holds the digest of the tensors, and its own.
"""

import hashlib
import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from skinkd.atomic import whole
from skinkd.errors import InputError, examples
from skinkd.full_disk import bytes_of, room_for
from skinkd.intact import check_digest, digest_of_record, sealed
from skinkd.networks import build_network


def save_network(path, network, description: dict) -> None:
    """Write a network, or a head, and what it is, atomically.

    Raises:
        OSError: where the disk is full.
    """
    state = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    # One entry, whose keys are sorted: safetensors writes several in any order.
    text = json.dumps(sealed(description | {"weights": digest_of_tensors(state)}), sort_keys=True)
    folder = Path(path).parent
    with room_for("a trained network", folder, bytes_of(state)), whole(path) as partial:
        save_file(state, partial, metadata={"skinkd": text})


def digest_of_tensors(tensors: dict[str, Tensor]) -> str:
    """One sha256 of tensors: their names, kinds, shapes and bytes."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def read_description(path) -> dict:
    """What `save_network` wrote about a network, and the digest of its tensors as `weights`.

    Raises:
        InputError: where the file is damaged or was not written by this project.
    """
    try:
        with safe_open(path, "pt") as file:
            description = json.loads((file.metadata() or {})["skinkd"])
            written = description.pop("sha256")
    except Exception as error:
        raise InputError(
            "checkpoint",
            f"{path} is not a network of this project ({type(error).__name__}: {error})",
            "Its classes and its training are not known",
            f"delete {path} and run again: the job that makes it repeats",
        ) from None
    check_digest("checkpoint", path, digest_of_record(description), written, "its header")
    return description


def load_network(path):
    """A saved network and its description.

    Raises:
        InputError: where the file is damaged, or does not hold the network that it describes.
    """
    description = read_description(path)
    spec = description["network"]
    network = build_network(
        spec["name"], len(description["classes"]), description["size_px"], spec["parameters"]
    )
    fill(network, path, description, f"a {spec['name']} of {len(description['classes'])} classes")
    return network, description


def read_weights(path, description: dict) -> dict[str, Tensor]:
    """The tensors of a file whose header is `description`.

    Raises:
        InputError: where they are not what was written.
    """
    state = load_file(path)
    check_digest("checkpoint", path, digest_of_tensors(state), description["weights"], "its header")
    return state


def fill(module: nn.Module, path, description: dict, kind: str) -> None:
    """Give a module the weights of a file.

    Args:
        description: the file's header.
        kind: what the module is, for the message.

    Raises:
        InputError: where they are not what was written, or are those of something else, which is said by
            names and shapes.
    """
    state = read_weights(path, description)
    if problems := _misfits(module.state_dict(), state):
        raise InputError(
            "checkpoint",
            f"{path} does not fit {kind}: {'; '.join(problems)}",
            "It holds another network than was asked for",
            f"delete {path} and run again: the job that makes it repeats",
        )
    module.load_state_dict(state)


def _misfits(wanted: dict[str, Tensor], found: dict[str, Tensor]) -> list[str]:
    """In what names and shapes of tensors differ."""
    kinds = {
        "has no": [key for key in wanted if key not in found],
        "has unknown": [key for key in found if key not in wanted],
        "has other shapes:": [
            f"{key} {tuple(found[key].shape)}, not {tuple(wanted[key].shape)}"
            for key in wanted
            if key in found and found[key].shape != wanted[key].shape
        ],
    }
    return [f"{kind} {examples(keys, most=3)}" for kind, keys in kinds.items() if keys]
