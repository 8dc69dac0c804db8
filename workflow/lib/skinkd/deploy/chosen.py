"""The chosen student's files among those of all candidates."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from skinkd.chain import run_in, run_of
from skinkd.checkpoints import load_network
from skinkd.data_files import read_summary
from skinkd.dataset import Part, open_array
from skinkd.errors import InputError
from skinkd.intact import check_digest
from skinkd.predictions import Predictions

ONNX, INT8, NETWORK, ABOUT, CARD = (
    *("student.onnx", "student-int8.onnx", "network.safetensors", "model.json", "MODEL_CARD.md"),
)


class ChosenSplit(NamedTuple):
    """The pictures that the chosen student was trained, validated and tested on.

    Args:
        array: packed pictures, (N, S, S, 3) uint8.
        table: the rows of its fold's split.
        classes: in the order of the task.
    """

    array: np.ndarray
    table: pd.DataFrame
    classes: tuple[str, ...]

    def rows(self, part: str) -> np.ndarray:
        """Rows of the array that hold the pictures of a part, in the order of `part`."""
        return self.table.loc[self.table["part"] == part, "row"].to_numpy()

    def part(self, name: str) -> Part:
        """A part's pictures as a network takes them, not augmented."""
        rows = self.table[self.table["part"] == name]
        return Part(self.array, rows, self.classes, augmentation="identity", view_seed=0, device="cpu")

    def predictions(self, run: dict, part: str, logits: np.ndarray) -> Predictions:
        """What a student said of a part, (n, C) float64 in the order of `rows`."""
        rows = self.table[self.table["part"] == part]
        return Predictions(
            **{key: run[key] for key in ("paper", "protocol", "arm", "fold", "seed")},
            classes=self.classes,
            **{f"{name}s": rows[name].to_numpy(object) for name in ("image", "lesion", "part")},
            labels=np.array([self.classes.index(label) for label in rows["label"]]),
            logits=logits,
        )


def open_split(chosen: dict, paths_to_splits, paths_to_summaries, path_to_array) -> ChosenSplit:
    """The split of the chosen run's fold, with its pictures.

    Raises:
        InputError: where a file is not the one that was written.
    """
    wanted = f"fold{chosen['fold']}"
    path, summary = next(
        pair for pair in zip(paths_to_splits, paths_to_summaries, strict=True) if Path(pair[0]).stem == wanted
    )
    classes = read_summary(summary, path, path_to_array)["classes"]
    return ChosenSplit(*open_array(path_to_array, path), tuple(classes))


def open_network(chosen: dict, paths_to_networks):
    """The chosen network, its description and its path.

    Raises:
        InputError: where the file holds another network than was chosen.
    """
    path = next(path for path in paths_to_networks if run_in(path) == run_of(chosen))
    network, description = load_network(path)
    check_digest("deploy", path, description["weights"], chosen["weights"], "choice.json")
    return network, description, path


def check_has_pictures(rows: np.ndarray, part: str) -> None:
    """Refuse a split in which a part is empty.

    Raises:
        InputError: where it is.
    """
    if not len(rows):
        raise InputError(
            "deploy",
            f"the split has no {part} picture",
            "Probabilities could not be calibrated, nor the exported network be checked",
            "choose a larger validation_share or test_share",
        )
