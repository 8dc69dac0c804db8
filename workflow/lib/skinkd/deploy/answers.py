"""What the student says of pictures, and where it looks."""

import csv
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from skinkd.album import overlaid
from skinkd.atomic import whole, write_text
from skinkd.checkpoints import load_network
from skinkd.deploy.chosen import NETWORK, ONNX
from skinkd.deploy.onnx_model import OnnxModel
from skinkd.deploy.packaged import PackagedNetwork
from skinkd.deploy.page import page_of
from skinkd.deploy.pictures import ReadPicture, read_picture
from skinkd.deploy.shipped import read_model
from skinkd.errors import InputError
from skinkd.grad_cam import class_maps
from skinkd.images import BadImage

# A spreadsheet would take such a name for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass
class Answer:
    """What the student says of one picture, or why it says nothing.

    Args:
        name: of the file, in letters that can be written.
        problem: empty for an answer.
        probabilities: of each class, by its name, calibrated.
        picture, heat: (H, W, 3) uint8, without and with the map of the predicted class.
        notes: what was done to the picture beyond decoding.
    """

    name: str
    problem: str = ""
    probabilities: dict[str, float] = field(default_factory=dict)
    picture: np.ndarray | None = None
    heat: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    @property
    def predicted(self) -> str:
        """The most probable class; empty where there is no answer."""
        return max(self.probabilities, key=self.probabilities.get, default="")

    def in_words(self) -> str:
        """One line for a terminal."""
        if self.problem:
            return self.problem
        notes = f" ({'; '.join(self.notes)})" if self.notes else ""
        return f"{self.name}: {self.predicted} {self.probabilities[self.predicted]:.3f}{notes}"


class Student:
    """The student that ships, ready to be asked.

    Args:
        folder: that `make deploy` made.

    Attributes:
        about: what its model.json says.

    Raises:
        InputError: where there is no whole model.
    """

    def __init__(self, folder):
        self.about = read_model(folder)
        torch.set_num_threads(1)
        self.model = OnnxModel(Path(folder, ONNX))
        network, _ = load_network(Path(folder, NETWORK))
        self.packaged = PackagedNetwork(network, self.about["size_px"], self.about["temperature"])

    def answer(self, name: str) -> Answer:
        """What the student says of the picture in a file; one that cannot be used is an answer, too."""
        written = writable(name)
        try:
            read = read_picture(name, self.about["size_px"])
        except BadImage as bad:
            return Answer(written, problem=str(_refused(written, bad)))
        probabilities = self.model.probabilities(read.pixels[None])[0].astype(float)
        return Answer(
            written,
            probabilities=dict(zip(self.about["classes"], probabilities.tolist(), strict=True)),
            picture=read.shown,
            heat=self._overlay(read, int(probabilities.argmax())),
            notes=read.changes,
        )

    def _overlay(self, read: ReadPicture, of_class: int) -> np.ndarray:
        """The shown picture under the map of a class, which is stretched back with it."""
        normalised = self.packaged.normalised(torch.from_numpy(read.pixels[None].copy()))
        small = class_maps(self.packaged.network, normalised, torch.tensor([of_class]))[0].numpy()
        height, width = read.shown.shape[:2]
        heat = Image.fromarray(small).resize((width, height), Image.Resampling.BILINEAR)
        return overlaid(read.shown, np.clip(np.asarray(heat), 0, 1))


def writable(name: str) -> str:
    """A file's name as UTF-8 can hold it, and as no spreadsheet takes it for a formula."""
    text = os.fsencode(name).decode("utf-8", errors="backslashreplace")
    return f"./{text}" if text.startswith(FORMULA) else text


def write_answers(answers: list[Answer], about: dict, folder) -> tuple[Path, Path]:
    """Write predictions.csv and predictions.html; their paths."""
    paths = Path(folder, "predictions.csv"), Path(folder, "predictions.html")
    classes = about["classes"]
    with whole(paths[0]) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["picture", "predicted", *(f"p_{name}" for name in classes), "notes", "problem"])
        for answer in answers:
            values = [f"{answer.probabilities[own]:.6f}" if answer.probabilities else "" for own in classes]
            notes = "; ".join(answer.notes)
            writer.writerow([answer.name, answer.predicted, *values, notes, answer.problem])
    write_text(paths[1], page_of(answers, about))
    return paths


def _refused(name: str, bad: BadImage) -> InputError:
    return InputError(
        "image",
        f"{name}: {bad}",
        "The student says nothing of it",
        "give a whole JPEG, PNG, BMP or WebP file with 8 bits per channel",
    )
