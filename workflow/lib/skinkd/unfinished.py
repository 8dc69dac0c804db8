"""Runs that were interrupted go on from their checkpoint, to the same bits.

A checkpoint lies in a folder of unfinished runs, which Snakemake does not know and so does not delete. Beside
it lie the one before it and the digests of both: a file that was damaged is known by its digest, which
torch does not look at, and the one before it is taken.
"""

import hashlib
import json
import os
import time
from pathlib import Path

import torch

from skinkd.atomic import digest_of, partials_of, whole, write_text
from skinkd.interruptions import Interrupted, Interruption
from skinkd.random_states import random_state
from skinkd.training import Midway, Trainer

PROGRESS = ("best_state", "best_value", "best_epoch", "plateau_epochs", "runtime_s", "history")
# An epoch of a large network may take hours.
CHECKPOINT_S = 600


def fingerprint_of(*, paths, values: dict) -> str:
    """A name for everything that a run depends on: digests of files, and values."""
    parts = [*(digest_of(path) for path in paths), json.dumps(values, sort_keys=True)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class Keeper:
    """Saves a run after each epoch, every ten minutes, and when it is asked to stop.

    Args:
        path: of the checkpoint.
        fingerprint: of the run.
        interruption: says when to stop.
    """

    def __init__(self, path, fingerprint: str, interruption: Interruption):
        self.path, self.fingerprint, self.interruption = path, fingerprint, interruption
        self.saved_s = time.monotonic()

    def after_epoch(self, trainer: Trainer) -> None:
        """Save."""
        save_checkpoint(self.path, trainer, self.fingerprint)
        self.saved_s = time.monotonic()

    def after_batch(self, trainer: Trainer) -> None:
        """Save if it is time to.

        Raises:
            Interrupted: where the run is to stop; it is saved.
        """
        due = self.interruption.is_due
        if due or time.monotonic() - self.saved_s > CHECKPOINT_S:
            self.after_epoch(trainer)
        if due:
            epoch = len(trainer.history) + 1
            raise Interrupted(f"stopped in epoch {epoch}; run again, it goes on from there")


def save_checkpoint(path, trainer: Trainer, fingerprint: str) -> None:
    """Everything that the next step depends on, atomically; the checkpoint before it is kept."""
    path, previous = Path(path), _previous_of(path)
    state = {
        "fingerprint": fingerprint,
        "weights": trainer.state(),
        "optimizer": trainer.optimizer.state_dict(),
        "midway": trainer.midway and trainer.midway.state() | {"random": random_state()},
        **{name: getattr(trainer, name) for name in PROGRESS},
    }
    with whole(path) as partial:
        torch.save(state, partial)
        # Before the files change their names: whichever of them a kill leaves, its digest is here.
        digests = [digest_of(file) for file in (partial, path) if file.exists()]
        write_text(_digests_of(path), "".join(f"{digest}\n" for digest in digests))
        if path.exists():
            os.replace(path, previous)


def resume(path, trainer: Trainer, fingerprint: str, say=print) -> None:
    """Continue from the checkpoint at `path` if there is one of this very run; say which."""
    files = [file for file in (Path(path), _previous_of(path)) if file.exists()]
    for file in files:
        state = _read(file, path, say)
        if state is not None and state["fingerprint"] == fingerprint:
            _take(state, trainer)
            within = f", {len(trainer.midway.losses)} batches into the next" if trainer.midway else ""
            say(f"resuming after epoch {len(trainer.history)}{within}")
            return
        if state is not None:
            say(f"{file} belongs to another config, other data or other code")
            break
    if files:
        say("starting over")


def forget_checkpoint(path) -> None:
    """Remove a checkpoint, what lies beside it, and what killed jobs left half written."""
    for file in (Path(path), _previous_of(path), _digests_of(path)):
        for left in (file, *partials_of(file)):
            left.unlink(missing_ok=True)


def _read(file: Path, path, say) -> dict | None:
    """What a file holds; None if it is not what was written, which is said."""
    digests = _digests_of(path)
    if not digests.exists() or digest_of(file) not in digests.read_text(encoding="utf-8").split():
        say(f"{file} is not what was written (its sha256 differs); it is not used")
        return None
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        say(f"{file} is no checkpoint ({type(error).__name__}); it is not used")
        return None


def _take(state: dict, trainer: Trainer) -> None:
    """Put a trainer where it was."""
    trainer.load_state(state["weights"])
    trainer.optimizer.load_state_dict(state["optimizer"])
    trainer.midway = state["midway"] and Midway.of(state["midway"], trainer.device.name)
    for name in PROGRESS:
        setattr(trainer, name, state[name])


def _previous_of(path) -> Path:
    """Where the checkpoint before the last one is."""
    return Path(f"{path}.previous")


def _digests_of(path) -> Path:
    """Where the digests of both are."""
    return Path(f"{path}.sha256")
