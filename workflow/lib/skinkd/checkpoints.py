"""Trained networks on disk: .safetensors files whose headers say what they are.

Network, classes, and the digests of what it was trained on.
"""

import json
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file

from skinkd.atomic import whole
from skinkd.errors import InputError
from skinkd.full_disk import bytes_of, room_for
from skinkd.networks import build_network


def save_network(path, network, description: dict) -> None:
    """Write a network, or a head, and what it is, atomically.

    Raises:
        OSError: where the disk is full.
    """
    state = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    folder = Path(path).parent
    with room_for("a trained network", folder, bytes_of(state)), whole(path) as partial:
        save_file(state, partial, metadata={"skinkd": json.dumps(description, sort_keys=True)})


def read_description(path) -> dict:
    """What `save_network` wrote about a network.

    Raises:
        InputError: where the file is damaged or was not written by this project.
    """
    try:
        with safe_open(path, "pt") as file:
            return json.loads((file.metadata() or {})["skinkd"])
    except Exception as error:
        raise InputError(
            "checkpoint",
            f"{path} is not a network of this project ({type(error).__name__}: {error})",
            "Its classes and its training are not known",
            "delete it and run again: the job that makes it repeats",
        ) from None


def load_network(path):
    """A saved network and its description."""
    from safetensors.torch import load_file

    description = read_description(path)
    spec = description["network"]
    network = build_network(
        spec["name"], len(description["classes"]), description["size_px"], spec["parameters"]
    )
    network.load_state_dict(load_file(path))
    return network, description
