"""The report's figures that are made of photographs, one file each; a figure's name is its file's name.

Each file has a function of its own name, `(material, *, ...) -> dict`. It chooses pictures by a stated rule,
puts them into the album, and returns what the report says of them. Keyword parameters come from the
paper's file.
"""

from importlib import import_module
from typing import NamedTuple

import numpy as np

from skinkd.album import Album
from skinkd.chosen_images import Choice
from skinkd.metrics import softmax
from skinkd.predictions import Predictions


class Material(NamedTuple):
    """What a figure is made from.

    Args:
        said: what each of the figure's arms said, by arm, in the figure's order.
        album: where the pictures come from and go to.
        networks: path of each arm's network; empty for figures that need none.
        labels: the arms' names as the report writes them.
        seed: of the draw.
    """

    said: dict[str, Predictions]
    album: Album
    networks: dict[str, str]
    labels: dict[str, str]
    seed: int


def make(name: str, material: Material, parameters: dict) -> dict:
    """The figure called `name`, its files written."""
    return getattr(import_module(f"skinkd.pictures.{name}"), name)(material, **parameters)


def show(choice: Choice, material: Material) -> dict:
    """Put the chosen pictures into the album; what the report says of them and of the draw."""
    tests = {arm: predictions.part("test") for arm, predictions in material.said.items()}
    pictures = enumerate(zip(choice.images, choice.by_rule, strict=True), start=1)
    return {
        "test_images": choice.test_images,
        "rules": [
            {"rule": rule.words, "qualified": rule.qualified, "shown": rule.shown} for rule in choice.rules
        ],
        "pictures": [
            _shown(image, rule, tests, material.labels)
            | {"file": material.album.add(f"{number}-picture", image)}
            for number, (image, rule) in pictures
        ],
    }


def _shown(image: str, rule: int, tests: dict[str, Predictions], labels: dict[str, str]) -> dict:
    """What every arm says of one picture."""
    rows = {arm: test.rows(test.images == image) for arm, test in tests.items()}
    first = next(iter(rows.values()))
    true = first.classes[first.labels[0]]
    arms = [_opinion(arm, row, true) for arm, row in rows.items()]
    said = ", ".join(f"{labels[one['arm']]} says {spoken(one)}" for one in arms)
    return {
        "image": image,
        "lesion": first.lesions[0],
        "true": true,
        "rule": rule,
        "alt": f"Picture {image}, true class {true}; {said}.",
        "arms": arms,
    }


def _opinion(arm: str, row: Predictions, true: str) -> dict:
    """What an arm says of one picture, `row` being its only image."""
    probabilities = softmax(row.logits)[0]
    best = int(np.argmax(row.logits[0]))
    return {
        "arm": arm,
        "predicted": row.classes[best],
        "probability": float(probabilities[best]),
        "true_probability": float(probabilities[row.classes.index(true)]),
        "right": row.classes[best] == true,
        "maps": [],
    }


def spoken(opinion: dict) -> str:
    """A prediction in words: `MEL with probability 0.93`."""
    return f"{opinion['predicted']} with probability {opinion['probability']:.2f}"
