"""Predictions that are known to be those of a network on a split."""

import numpy as np
import pandas as pd

from skinkd.atomic import digest_of
from skinkd.checkpoints import read_description
from skinkd.data_files import read_summary, read_table
from skinkd.errors import InputError, examples
from skinkd.intact import check_digest
from skinkd.predictions import RUN, Predictions, read_predictions

COMPARED = ("part", "label", "lesion")
LINK = ("fold", "seed", "split", "weights", "predictions")


class TracedPredictions:
    """Reads predictions, each compared with the network that said them and the split of their images.

    Args:
        networks: path of the network by path of its predictions.
        splits: paths of table and summary by fold.

    Attributes:
        links: what each file that was read was made from: fold, seed, and the digests of split, weights and
            predictions.
    """

    def __init__(self, networks: dict, splits: dict[int, tuple]):
        self.networks, self.splits = {str(path): network for path, network in networks.items()}, splits
        self.links: dict[str, dict] = {}

    def read(self, path) -> Predictions:
        """One run's logits.

        Raises:
            InputError: where the file is not what its network said of the images of its split.
        """
        path_to_network = self.networks[str(path)]
        description = read_description(path_to_network)
        check_digest("predictions", path, digest_of(path), description["predictions"], path_to_network)
        path_to_split, path_to_summary = self.splits[description["fold"]]
        summary = read_summary(path_to_summary, path_to_split)
        if description["split"] != summary["split_sha256"]:
            raise _unfit(path_to_network, f"it was trained on another split than {path_to_split}")
        run = read_predictions(path, summary["classes"])
        _check_run(path, run, path_to_network, description)
        _check_images(path, run, path_to_split, description["told"]["predicted"])
        self.links[str(path)] = {key: description[key] for key in LINK}
        return run

    def links_of(self, paths) -> list[dict]:
        """The links of files that were read, by fold and seed."""
        return sorted(
            (self.links[str(path)] for path in paths), key=lambda link: (link["fold"], link["seed"])
        )


def _check_run(path, run: Predictions, path_to_network, description: dict) -> None:
    """The file must say that it holds the network's run."""
    for key in RUN:
        if getattr(run, key) != description[key]:
            raise _unfit(path, f"{key} {getattr(run, key)}, {path_to_network} is of {key} {description[key]}")


def _check_images(path, run: Predictions, path_to_split, predicted: list[str]) -> None:
    """The images must be those of the predicted parts of the split, with its labels and lesions."""
    table = read_table(path_to_split)
    wanted = table[table["part"].isin(predicted)].set_index("image")
    labels = np.array(run.classes, dtype=object)[run.labels]
    said = pd.DataFrame(dict(zip(COMPARED, (run.parts, labels, run.lesions), strict=True)), index=run.images)
    both = wanted.index.intersection(said.index)
    kinds = {
        "lacks": wanted.index.difference(said.index),
        "has images that are not there:": said.index.difference(wanted.index),
        **{
            f"has another {column} of": both[wanted.loc[both, column] != said.loc[both, column]]
            for column in COMPARED
        },
    }
    problems = [f"it {kind} {examples(images)}" for kind, images in kinds.items() if len(images)]
    if problems:
        raise _unfit(path, f"of the images of {path_to_split}, {'; '.join(problems)}")


def _unfit(path, what: str) -> InputError:
    return InputError(
        "predictions",
        f"{path}: {what}",
        "Its scores would be of other images, or of another network",
        f"delete {path} and run again: the job that makes it repeats",
    )
