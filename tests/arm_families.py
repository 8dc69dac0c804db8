"""Every kind of arm, as the jobs that train it on packed pictures."""

from functools import partial
from pathlib import Path

import numpy as np
from jobs_examples import PROJECTION_RUN, run_cache, run_projection, run_train
from training_examples import DISTILLED, MAPS, RUN, TURNED

from skinkd.atomic import digest_of
from skinkd.intact import sealed
from skinkd.records import read_record, write_record

RESNET = {"name": "resnet", "parameters": {"depth": 10}}
DROPPING = {"name": "resnet", "parameters": {"depth": 10, "head": "dropout_batch_norm"}}
CURRICULUM = {"sampler": {"draw": "weighted", "order": "confident_first"}}
PLATEAU = {
    "plateau": {"factor": 0.5, "patience": 1, "minimum": 1e-4},
    "early_stop_epochs": 4,
    "selection": "validation_loss",
}
# What differs from the plainest run: a loss, a network, and what of the recipe is special.
ARMS = {
    "plain": {"network": DROPPING},
    "cached": {"loss": DISTILLED},
    "maps": {"loss": MAPS, "network": RESNET},
    "two_phase": {"loss": [*DISTILLED, *TURNED], "network": RESNET},
    "curriculum": {"loss": DISTILLED, "training": CURRICULUM},
    "plateau": {"training": PLATEAU},
}


def jobs_of(data, folder: Path, epochs: int, **changes) -> dict:
    """For each kind of arm, what trains it in the folder that it is given; its teacher lies in `folder`.

    Args:
        changes: to what every job is told, such as its network.
    """
    teacher = run_train(data, folder, run=RUN | {"network": RESNET} | changes, name="teacher")
    told = {"targets": [run_cache(data, folder, teacher)], "teachers": [teacher]}
    taught = {"cached": told, "curriculum": told, "maps": {"teachers": [teacher]}}
    jobs = {
        arm: partial(run_train, data, run=_run_of(arm, epochs) | changes, **taught.get(arm, {}))
        for arm in ARMS
    }
    unlearnable = _with_shuffled_labels(data, folder)
    jobs["plateau"] = partial(run_train, unlearnable, run=_run_of("plateau", 2 * epochs) | changes)
    jobs["two_phase"] = partial(_train_in_two_phases, jobs["two_phase"], data, teacher, epochs)
    return jobs


def _with_shuffled_labels(data, folder: Path):
    """The same pictures: whatever learns them soon gets worse on others, its rate falls, and it stops."""
    split, summary, generator = folder / "fold0.csv", folder / "fold0.json", np.random.default_rng(0)
    data.split.assign(label=generator.permutation(data.split["label"])).to_csv(split, index=False)
    said = read_record(data.path_to_summary) | {"split_sha256": digest_of(split)}
    del said["sha256"]
    write_record(summary, sealed(said))
    return data._replace(path_to_split=split, path_to_summary=summary)


def _run_of(arm: str, epochs: int) -> dict:
    training = RUN["training"] | {"epochs": epochs} | ARMS[arm].get("training", {})
    return RUN | ARMS[arm] | {"arm": arm, "training": training}


def _train_in_two_phases(train_student, data, teacher, epochs: int, folder: Path) -> None:
    """The teacher's head, then the student; Snakemake begins the second only when the first has ended."""
    head, ended = folder / "projection.safetensors", folder / "projection.ended"
    if not ended.exists():
        recipe = PROJECTION_RUN["recipe"] | {"epochs": epochs}
        run_projection(data, folder, teacher, run=PROJECTION_RUN | {"recipe": recipe})
        ended.touch()
    train_student(folder, teachers=[teacher], projections=[head])
