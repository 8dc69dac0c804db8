"""Runs of training, from what their jobs are told to their files; several may share parts and teachers."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
import torch

from skinkd.atomic import digest_of, whole
from skinkd.checkpoints import read_description, save_network
from skinkd.companions import TrainingJob
from skinkd.data_files import read_summary
from skinkd.device import Device, choose_device
from skinkd.errors import InputError
from skinkd.fingerprints import Fingerprint, fingerprint_of
from skinkd.intact import stamped_digest_of
from skinkd.networks import build_network, trainable_parameters
from skinkd.not_finite import Diverged
from skinkd.predicting import predict_parts
from skinkd.predictions import write_predictions
from skinkd.runs import (
    PARTS,
    check_initial,
    check_teachers,
    describe_cost,
    make_trainer,
    open_parts,
    open_teacher,
    read_teachers,
)
from skinkd.training import Trainer

DESCRIBED = ("paper", "protocol", "arm", "fold", "seed", "network", "source", "initial")


class Materials:
    """What runs in one process have in common, each opened once: parts of a split, and online teachers.

    Args:
        jobs: all whose runs the process may open. Their code is looked at now: the process runs what it has
            imported, perhaps hours before it opens a run, and not what the files hold by then.
    """

    def __init__(self, jobs: Iterable[TrainingJob]):
        self.made: dict[tuple, object] = {}
        paths = {path for job in jobs for path in job.paths_to_code}
        self.code = {path: _digest_of_code(path) for path in paths}

    def once(self, *key, make: Callable):
        """What `make` gave when it was first called for this key."""
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]

    def parts(self, job: TrainingJob, classes: list[str], device: str) -> dict:
        """Parts of a job's split."""
        places = job.paths["array"], job.paths["split"]
        views = [job.run[key] for key in ("augmentation", "view_seed")]
        return self.once(*places, *views, make=lambda: open_parts(*places, classes, job.run, device, PARTS))

    def teacher(self, job: TrainingJob, device: Device):
        """The online teacher of a job, or None."""
        if not job.is_taught_online():
            return None
        paths = job.paths["teachers"][0], next(iter(job.paths["projections"]), None)
        # Opened even where it is known: building it draws the numbers that come before the adapter's, and a
        # student is to start from the same weights whoever shares its teacher.
        opened = open_teacher(*paths, device)
        return self.once(*paths, make=lambda: opened)

    def fingerprint_of(self, job: TrainingJob) -> Fingerprint:
        """A name for everything that a job's results depend on.

        The code too: a run that is half one loss and half its edited self is neither.
        """
        files = {name: job.paths[name] for name in ("split", "initial")}
        for name in ("teachers", "targets", "projections"):
            files |= {f"{name}[{index}]": path for index, path in enumerate(job.paths[name])}
        digests = {name: path and self._digest_of(path) for name, path in files.items()}
        digests["array"] = self._digest_of(job.paths["array"], stamped_digest_of)
        code = {path: self.code[path] for path in job.paths_to_code}
        device = job.device | asdict(choose_device(**job.device))
        values = {
            "run": job.run,
            "device": device,
            "files": list(digests.values()),
            "code": list(code.values()),
        }
        return fingerprint_of(
            paths=(), values=values, described=job.run | {"device": device} | digests | code
        )

    def check_code(self, job: TrainingJob) -> None:
        """See that nobody has edited a job's code since this process began to import it.

        Raises:
            InputError: where somebody has.
        """
        for path in job.paths_to_code:
            if _digest_of_code(path) != self.code[path]:
                raise InputError(
                    "training",
                    f"{path} was edited while this process ran",
                    "It would mix the code from before with the code from after",
                    "run again",
                )

    def _digest_of(self, path: str, digest_of=digest_of) -> str:
        """The digest of an input; that of a large network takes long, and many runs ask for it."""
        about = os.stat(path)
        key = (path, about.st_ino, about.st_size, about.st_mtime_ns)
        return self.once(*key, make=lambda: digest_of(path))


@dataclass
class StudentRun:
    """A run that is ready to train.

    Attributes:
        fingerprint: of everything that its results depend on.
        say: takes the lines of its log.
    """

    job: TrainingJob
    device: Device
    trainer: Trainer
    parts: dict
    fingerprint: str
    say: Callable

    def results_in(self, failure: Exception | None) -> bool:
        """Whether a training that ended so has a result: that a printed recipe diverges is one.

        But nobody should learn from such a network.
        """
        return failure is None or (isinstance(failure, Diverged) and not self.job.run["teaches"])

    def write(self, failure: Exception | None, outputs: dict) -> None:
        """Write predictions, learning curve and the network, with the digests of both, to `outputs`."""
        run, trainer = self.job.run, self.trainer
        if failure is not None:
            self.say(f"{failure} The weights of epoch {trainer.best_epoch} are kept, and the report says so.")
            trainer.load_state(trainer.best_state)
        started_s = time.monotonic()
        predictions = predict_parts(
            trainer.network, [self.parts[name] for name in run["predicted"]], self.device, run
        )
        description = {
            **{key: run[key] for key in DESCRIBED},
            **describe_cost(trainer.network, trainer, self.device),
            "classes": list(predictions.classes),
            "size_px": trainer.train_part.size_px,
            "prediction_runtime_s": round(time.monotonic() - started_s, 3),
            "prediction_images": len(predictions),
            "best_epoch": trainer.best_epoch,
            "diverged_epoch": failure and len(trainer.history) + 1,
            "restarts": trainer.restarts,
            "split": digest_of(self.job.paths["split"]),
            "teachers": [read_description(path)["weights"] for path in self.job.paths["teachers"]],
            "told": run,
        }
        write_predictions(outputs["predictions"], predictions)
        with whole(outputs["history"]) as partial:
            pd.DataFrame(trainer.history or {"epoch": []}).to_csv(partial, index=False)
        written = {name: digest_of(outputs[name]) for name in ("predictions", "history")}
        save_network(outputs["network"], trainer.network, description | written)


def open_run(job: TrainingJob, materials: Materials, say: Callable = print) -> StudentRun:
    """A run made ready: its network from its seed, its teachers, its parts.

    Raises:
        InputError: where an input is damaged or was made from something else, or the code was edited.
    """
    run, paths, spec = job.run, job.paths, job.run["network"]
    device = choose_device(**job.device)
    classes = read_summary(paths["summary"], paths["split"], paths["array"])["classes"]
    check_teachers(paths["teachers"], classes, paths["split"])
    check_initial(paths["initial"], run["initial_sha256"])
    parts = materials.parts(job, classes, device.name)
    torch.manual_seed(run["seed"] + run["seed_offset"])
    size_px = parts["train"].size_px
    network = build_network(spec["name"], len(classes), size_px, spec["parameters"], paths["initial"])
    say(f"{spec['name']}: {trainable_parameters(network):,} trainable parameters on {device}")
    made_from = {"path_to_array": paths["array"], "path_to_split": paths["split"]}
    cached = read_teachers(paths["targets"], paths["teachers"], parts, run, device.name, **made_from)
    teacher = materials.teacher(job, device)
    trainer = make_trainer(network, parts, run, device, cached, teacher)
    # Everything that it runs is imported by now.
    materials.check_code(job)
    return StudentRun(job, device, trainer, parts, materials.fingerprint_of(job), say)


def _digest_of_code(path: str) -> str | None:
    """The digest of a file of code; None where it has been removed."""
    return digest_of(path) if Path(path).exists() else None
