"""Faults of what was trained or fetched: networks, weights, checkpoints, logits."""

import json
import os
import pickle

import pandas as pd
from safetensors import safe_open
from safetensors.torch import load_file

from faults.fault import INPUT, fault
from faults.scene import Scene
from faults.training import ALONE, TAUGHT, TEACHER, with_data
from skinkd.checkpoints import load_network, save_network
from skinkd.targets import write_targets

TARGETS = f"targets/{TEACHER}.safetensors"
TEACHER_FILE, TAUGHT_FILE = (f"networks/{run}.safetensors" for run in (TEACHER, TAUGHT))
SCORES = "scores/dsnet/leak_free/dsnet_t10.json"
PREDICTIONS = f"predictions/{TAUGHT}.csv"


class Payload:
    """What would run a command where somebody unpickles it."""

    def __init__(self, command: str):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def asked(scene: Scene, change):
    """How the job ends that asks a teacher whose file has other bytes."""
    with_data(scene, f"networks/{TEACHER}.safetensors")
    scene.spoil(f"networks/{TEACHER}.safetensors", change)
    return scene.run(TARGETS)


def scored(scene: Scene, change):
    """How the job ends that scores changed predictions."""
    with_data(scene, "predictions", "networks")
    path = scene.results / PREDICTIONS
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    path.unlink()
    change(table).to_csv(path, index=False)
    return scene.run(SCORES)


def taught(scene: Scene, change):
    """How the job ends that learns from a teacher's targets, of which some are others."""
    with_data(scene, TEACHER_FILE)
    with safe_open(scene.finished / TARGETS, "pt") as file:
        header = json.loads(file.metadata()["skinkd"])
    targets = load_file(scene.finished / TARGETS)
    write_targets(scene.results / TARGETS, change(targets), header)
    return scene.run(TAUGHT_FILE)


@fault(
    22,
    "a teacher of another order of classes",
    INPUT,
    "class order of teacher [malignant, benign] differs from",
)
def other_order(scene):
    with_data(scene, "targets")
    network, description = load_network(scene.finished / TEACHER_FILE)
    reverse = {"classes": description["classes"][::-1]}
    save_network(scene.results / TEACHER_FILE, network, description | reverse)
    return scene.run(TAUGHT_FILE)


@fault(44, "predictions without some images", INPUT, f"{PREDICTIONS} is not what was written", "Fix: delete ")
def missing_predictions(scene):
    return scored(scene, lambda table: table[:-3])


@fault(44, "predictions that are no numbers", INPUT, f"{PREDICTIONS} is not what was written", "Fix: delete ")
def predictions_nan(scene):
    def change(table):
        table.loc[0, [column for column in table if column.startswith("logit_")]] = "nan"
        return table

    return scored(scene, change)


@fault(44, "targets without some images", INPUT, "its train part is (1, 61, 2), of this run (1, 64, 2)")
def missing_targets(scene):
    return taught(scene, lambda targets: targets | {"train": targets["train"][:, :-3].contiguous()})


@fault(44, "targets that are no numbers", INPUT, "its logits of ISIC_", "are not finite", "Fix: delete ")
def targets_nan(scene):
    def change(targets):
        targets["validation"][0] = float("nan")
        return targets

    return taught(scene, change)


@fault(45, "a truncated network", INPUT, "is not a network of this project", "Fix: delete ")
def truncated_network(scene):
    return asked(scene, lambda content: content[: len(content) // 2])


@fault(45, "an empty file for a network", INPUT, "is not a network of this project", "Fix: delete ")
def empty_network(scene):
    return asked(scene, lambda _: b"")


@fault(45, "a flipped bit in a network", INPUT, "is not what was written: its sha256 is ", "Fix: delete ")
def flipped_bit_in_network(scene):
    return asked(scene, lambda content: content[:-7] + bytes([content[-7] ^ 64]) + content[-6:])


@fault(45, "a network of another architecture", INPUT, "does not fit a resnet of 2 classes: ", "Fix: delete ")
def other_architecture(scene):
    with_data(scene)
    network, _ = load_network(scene.finished / f"networks/{ALONE}.safetensors")
    _, description = load_network(scene.finished / TEACHER_FILE)
    path = scene.results / TEACHER_FILE
    path.parent.mkdir(parents=True)
    save_network(path, network, description)
    return scene.run(TARGETS)


@fault(45, "weights that carry a program", INPUT, "ERROR weights: ", "Fix: ")
def weights_with_program(scene):
    marker = scene.folder / "marker"
    path = with_data(scene).results / "weights/evil.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(pickle.dumps({"weights": Payload(f"touch '{marker}'")}, protocol=2))
    ended = scene.run(f"networks/{ALONE}.safetensors", inputs={"initial": str(path)})
    assert not marker.exists()
    return ended
