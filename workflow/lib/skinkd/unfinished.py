"""Runs that were interrupted go on from their checkpoint, to the same bits.

A checkpoint lies in a folder of unfinished runs, which Snakemake does not know and so does not delete. Beside
it lie the one before it and the digests of both: a file that was damaged is known by its digest, which
torch does not look at, and the one before it is taken. A checkpoint of another config, of other data or other
code is set aside, one for each run: who undoes an edit goes on from it.
"""

import json
import os
import time
from pathlib import Path
from typing import NamedTuple

import torch

from skinkd.atomic import digest_of, partials_of, whole, write_text
from skinkd.fingerprints import SHOWN_DIGITS, Fingerprint, changes_between
from skinkd.full_disk import bytes_of, room_for
from skinkd.interruptions import Interrupted, Interruption
from skinkd.random_states import random_state
from skinkd.reached import Reached, path_to_reached, read_reached
from skinkd.training import Midway, Trainer

PROGRESS = ("best_state", "best_value", "best_epoch", "plateau_epochs", "restarts", "runtime_s", "history")
# An epoch of a large network may take hours.
CHECKPOINT_S = 600


class Keeper:
    """Saves a run after each epoch, every ten minutes, and when it is asked to stop.

    Args:
        path: of the checkpoint.
        fingerprint: of the run.
        interruption: says when to stop.
    """

    def __init__(self, path, fingerprint: str, interruption: Interruption):
        self.path, self.fingerprint, self.interruption = path, fingerprint, interruption
        self.reached = Reached(path, fingerprint)
        self.saved_s = time.monotonic()

    def close(self) -> None:
        """Let go of the file that notes each batch."""
        self.reached.close()

    def after_epoch(self, trainer: Trainer) -> None:
        """Save, unless what would be saved is not made of numbers.

        Raises:
            Diverged: where it is not.
            OSError: where the disk is full; the checkpoint before it is there.
        """
        trainer.look()
        save_checkpoint(self.path, trainer, self.fingerprint)
        self.saved_s = time.monotonic()

    def after_batch(self, trainer: Trainer) -> None:
        """Save if it is time to.

        Raises:
            Interrupted: where the run is to stop; it is saved.
        """
        self.reached.note(len(trainer.history), len(trainer.midway.losses))
        due = self.interruption.is_due
        if due or time.monotonic() - self.saved_s > CHECKPOINT_S:
            self.after_epoch(trainer)
        if due:
            epoch = len(trainer.history) + 1
            raise Interrupted(f"stopped in epoch {epoch}; run again, it goes on from there")


def save_checkpoint(path, trainer: Trainer, fingerprint: str) -> None:
    """Everything that the next step depends on, atomically; the checkpoint before it is kept.

    Raises:
        OSError: where the disk is full; the checkpoint before it is there.
    """
    path, previous = Path(path), _previous_of(path)
    state = {
        "fingerprint": str(fingerprint),
        "made_from": json.dumps(_made_from(fingerprint)),
        "weights": trainer.state(),
        "optimizer": trainer.optimizer.state_dict(),
        "midway": trainer.midway and trainer.midway.state() | {"random": random_state()},
        **{name: getattr(trainer, name) for name in PROGRESS},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with room_for("a checkpoint", path.parent, bytes_of(state)), whole(path) as partial:
        torch.save(state, partial)
        # Before the files change their names: whichever of them a kill leaves, its digest is here.
        kept = path if path.exists() else previous
        digests = [digest_of(file) for file in (partial, kept) if file.exists()]
        write_text(_digests_of(path), "".join(f"{digest}\n" for digest in digests))
        if path.exists():
            os.replace(path, previous)


class Checkpoint(NamedTuple):
    """A file that is what was written, and what it holds."""

    file: Path
    state: dict


def resume(path, trainer: Trainer, fingerprint: str, say=print) -> None:
    """Continue from a checkpoint of this very run, if there is one, be it set aside; say from which step.

    A checkpoint of another run at its place is set aside, in place of an older one; what differs is said.
    """
    path = Path(path)
    found = any(file.exists() for file in (path, _previous_of(path)))
    own, other = _checkpoints_at(path, fingerprint, say)
    if other is not None:
        say(f"{other.file} belongs to another config, other data or other code{_changes(other, fingerprint)}")
        say(f"it is kept as {_aside_of(path)}, in case this is undone")
    _put_in_place(path, own, other)
    if own is not None:
        _take(own.state, trainer)
        say(f"resuming {_step_of(trainer)}{_lost_since(path, trainer, fingerprint)}")
    elif found:
        say("starting over")


def forget_checkpoint(path) -> None:
    """Remove a checkpoint, what lies beside it, and what killed jobs left half written.

    But not what was set aside: it took hours perhaps, and this run is not its end.
    """
    for file in (Path(path), _previous_of(path), _digests_of(path), path_to_reached(path)):
        for left in (file, *partials_of(file)):
            left.unlink(missing_ok=True)


def _checkpoints_at(path: Path, fingerprint: str, say) -> tuple[Checkpoint | None, Checkpoint | None]:
    """The run's own latest checkpoint, and what lies in its place of another run."""
    other = None
    for file in (path, _previous_of(path), _aside_of(path)):
        state = _read(file, say) if file.exists() else None
        if state is not None and state["fingerprint"] == fingerprint:
            return Checkpoint(file, state), other
        if state is not None and other is None and file != _aside_of(path):
            other = Checkpoint(file, state)
    return None, other


def _put_in_place(path: Path, own: Checkpoint | None, other: Checkpoint | None) -> None:
    """Have another run's checkpoint aside and the own one not; a kill at any moment leaves both."""
    if other is not None and other.file != path:
        os.replace(other.file, path)
    if own is not None and own.file == _aside_of(path):
        _move(own.file, _previous_of(path))
    if other is not None:
        _move(path, _aside_of(path))


def _move(file: Path, target: Path) -> None:
    """Rename a checkpoint; its digest is known at its new place before it is there."""
    known = dict.fromkeys([*_known_at(target), *_known_at(file)])
    write_text(_digests_of(target), "".join(f"{digest}\n" for digest in known))
    os.replace(file, target)


def _known_at(path: Path) -> list[str]:
    """The digests of what was written to a checkpoint's place, as far as their file is whole."""
    digests = _digests_of(path)
    return digests.read_text(encoding="utf-8", errors="replace").split() if digests.exists() else []


def _read(file: Path, say) -> dict | None:
    """What a file holds; None if it is not what was written: then it is removed, and that is said."""
    if digest_of(file) not in _known_at(file):
        say(f"{file} is not what was written (its sha256 differs); it is not used")
        # The next checkpoint would keep it, with its digest, as the one before it.
        file.unlink()
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
    trainer.restarts += 1


def _made_from(fingerprint: str) -> dict:
    """What a fingerprint stands for, if it knows."""
    return fingerprint.made_from if isinstance(fingerprint, Fingerprint) else {}


def _changes(other: Checkpoint, fingerprint: str) -> str:
    """How this run differs from that of a checkpoint: its fingerprint, and what changed."""
    before, now = (name[:SHOWN_DIGITS] for name in (other.state["fingerprint"], fingerprint))
    changes = changes_between(json.loads(other.state["made_from"]), _made_from(fingerprint))
    return f" (fingerprint {before}, now {now}): changed {changes}" if changes else ""


def _step_of(trainer: Trainer) -> str:
    """Where a trainer that was put in its place goes on."""
    if trainer.finished():
        return f"after its last epoch, {len(trainer.history)}"
    batch = len(trainer.midway.losses) + 1 if trainer.midway else 1
    if batch > len(trainer.batches(len(trainer.history))):
        return f"from the validation of epoch {len(trainer.history) + 1}"
    return f"from epoch {len(trainer.history) + 1}, batch {batch}"


def _lost_since(path: Path, trainer: Trainer, fingerprint: str) -> str:
    """How many batches were trained after the checkpoint and are trained again, if that is known."""
    reached = read_reached(path, fingerprint)
    if reached is None:
        return ""
    lost = 0
    if reached > (len(trainer.history), done := len(trainer.midway.losses) if trainer.midway else 0):
        epochs, batches = reached
        between = range(len(trainer.history), epochs)
        lost = sum(len(trainer.batches(epoch)) for epoch in between) + batches - done
    return f" ({lost} {'batch' if lost == 1 else 'batches'} lost)"


def _previous_of(path) -> Path:
    """Where the checkpoint before the last one is."""
    return Path(f"{path}.previous")


def _aside_of(path) -> Path:
    """Where the checkpoint of another config is."""
    return Path(f"{path}.aside")


def _known_at(file: Path) -> list[str]:
    """Digests of what was written at the place of a checkpoint."""
    digests = _digests_of(file)
    return digests.read_text(encoding="utf-8", errors="replace").split() if digests.exists() else []


def _digests_of(file) -> Path:
    """Where the digests of a checkpoint are; it shares them with the one before it."""
    return Path(f"{str(file).removesuffix('.previous')}.sha256")
