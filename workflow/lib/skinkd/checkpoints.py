"""Trained networks on disk, and runs that were interrupted.

A finished network is a .safetensors file whose header says what it is: network,
classes, and the digests of what it was trained on. An unfinished one is a
checkpoint in a folder of unfinished runs, which Snakemake does not know and so does not delete.
"""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from skinkd.atomic import digest_of, whole
from skinkd.errors import InputError
from skinkd.networks import build_network
from skinkd.training import Trainer

PROGRESS = ("best_state", "best_value", "best_epoch", "plateau_epochs", "runtime_s", "history")


def save_network(path, network, description: dict) -> None:
    """Write a network, or a head, and what it is, atomically."""
    state = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    with whole(path) as partial:
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


def fingerprint_of(*, paths, values: dict) -> str:
    """A name for everything that a run depends on: digests of files, and values."""
    import hashlib

    parts = [*(digest_of(path) for path in paths), json.dumps(values, sort_keys=True)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def save_checkpoint(path, trainer: Trainer, fingerprint: str) -> None:
    """Everything that the next epoch depends on, atomically."""
    state = {
        "fingerprint": fingerprint,
        "weights": trainer.state(),
        "optimizer": trainer.optimizer.state_dict(),
        **{name: getattr(trainer, name) for name in PROGRESS},
    }
    with whole(path) as partial:
        torch.save(state, partial)


def resume(path, trainer: Trainer, fingerprint: str, say=print) -> None:
    """Continue from the checkpoint at `path` if there is one of this very run; say which."""
    if not Path(path).exists():
        return
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        say(f"{path} cannot be read ({type(error).__name__}); starting over")
        return
    if not isinstance(state, dict) or state.get("fingerprint") != fingerprint:
        say(f"{path} belongs to another config, other data or other code; starting over")
        return
    trainer.load_state(state["weights"])
    trainer.optimizer.load_state_dict(state["optimizer"])
    for name in PROGRESS:
        setattr(trainer, name, state[name])
    say(f"resuming after epoch {len(trainer.history)}")
