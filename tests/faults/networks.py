"""Faults of what was trained or fetched: networks, weights, checkpoints, logits."""

import os
import pickle

import pandas as pd

from faults.fault import INPUT, fault
from faults.scene import Scene
from faults.training import ALONE, TAUGHT, TEACHER, with_data

TARGETS = f"targets/{TEACHER}.safetensors"
SCORES = "scores/dsnet/leak_free/dsnet_t10.json"
PREDICTIONS = f"predictions/{TAUGHT}.csv"
# As they stand in the header of a network, a text of JSON within JSON.
BENIGN_FIRST, MALIGNANT_FIRST = rb"[\"benign\", \"malignant\"]", rb"[\"malignant\", \"benign\"]"


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
    scene.take("predictions", "split")
    path = scene.results / PREDICTIONS
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    path.unlink()
    change(table).to_csv(path, index=False)
    return scene.run(SCORES)


@fault(22, "a teacher of another order of classes", INPUT, "class")
def other_order(scene):
    def change(content):
        length = int.from_bytes(content[:8], "little")
        header = content[8 : 8 + length].replace(
            b'[\\"benign\\", \\"malignant\\"]', b'[\\"malignant\\", \\"benign\\"]'
        )
        assert header != content[8 : 8 + length]
        return content[:8] + header + content[8 + length :]

    ended = asked(scene, change)
    return ended if ended.status else scene.run(f"networks/{TAUGHT}.safetensors")


@fault(44, "predictions without some test images", INPUT, "images that only one of them holds: ISIC_")
def missing_predictions(scene):
    return scored(scene, lambda table: table[:-3])


@fault(44, "logits that are no numbers", INPUT, "logits that are not finite numbers: ISIC_")
def logits_nan(scene):
    def change(table):
        table.loc[0, [column for column in table if column.startswith("logit_")]] = "nan"
        return table

    return scored(scene, change)


@fault(45, "a truncated network", INPUT, "is not a network of this project", "Fix: delete it and run again")
def truncated_network(scene):
    return asked(scene, lambda content: content[: len(content) // 2])


@fault(45, "an empty file for a network", INPUT, "is not a network of this project")
def empty_network(scene):
    return asked(scene, lambda _: b"")


@fault(45, "a flipped bit in a network", INPUT, "is not what was written", "sha256")
def flipped_bit_in_network(scene):
    return asked(scene, lambda content: content[:-7] + bytes([content[-7] ^ 64]) + content[-6:])


@fault(45, "weights that carry a program", INPUT, "weights", "Fix: ")
def weights_with_program(scene):
    marker = scene.folder / "marker"
    path = with_data(scene).results / "weights/evil.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(pickle.dumps({"weights": Payload(f"touch '{marker}'")}))
    ended = scene.run(f"networks/{ALONE}.safetensors", inputs={"initial": str(path)})
    assert not marker.exists()
    return ended
