"""One part of a split, ready for a network: pictures on the device, views made there in batches."""

from importlib import import_module

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from skinkd.errors import InputError

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet


class Part:
    """Images, labels and views of one part of a split.

    Args:
        array: the packed pictures, (N, S, S, 3) uint8; only this part's rows are read.
        split: the rows of this part, as in a split's csv.
        classes: class order of the task.
        augmentation: name of the augmentation of the views.
        view_seed: seed of the views.
        device: name of the torch device that holds the pictures.
    """

    def __init__(
        self, array, split: pd.DataFrame, classes, *, augmentation: str, view_seed: int, device: str
    ):
        self.table = split.reset_index(drop=True)
        self.classes = tuple(classes)
        self.augmentation = import_module(f"skinkd.augmentations.{augmentation}")
        self.view_seed, self.device = view_seed, device
        self.pictures = torch.from_numpy(np.asarray(array[self.table["row"].to_numpy()])).to(device)
        index = {name: position for position, name in enumerate(self.classes)}
        self.labels = torch.tensor([index[label] for label in self.table["label"]], device=device)
        self._mean = torch.tensor(MEAN, device=device)[:, None, None]
        self._deviation = torch.tensor(DEVIATION, device=device)[:, None, None]

    def __len__(self) -> int:
        return len(self.table)

    def class_counts(self) -> Tensor:
        """Images of each class, (classes,)."""
        return torch.bincount(self.labels, minlength=len(self.classes))

    def parameters(self, view: int) -> Tensor:
        """The augmentation's parameters of every image in one view, (n, P)."""
        drawn = self.augmentation.draw(self.table["image"], view, self.view_seed)
        return torch.from_numpy(drawn).to(self.device)

    def batch(self, chosen: Tensor, parameters: Tensor | None = None, quarter_turns: int = 0) -> Tensor:
        """Normalised pictures, (len(chosen), 3, S, S), channels last.

        Args:
            chosen: indices of images.
            parameters: of their augmentation, (n, P) for all images; None leaves them as they are.
            quarter_turns: counter-clockwise, before the augmentation.
        """
        pictures = self.pictures[chosen].permute(0, 3, 1, 2).float() / 255
        if quarter_turns:
            pictures = torch.rot90(pictures, quarter_turns, dims=(2, 3))
        if parameters is not None:
            pictures = self.augmentation.apply(pictures, parameters[chosen])
        pictures = (pictures - self._mean) / self._deviation
        return pictures.contiguous(memory_format=torch.channels_last)


def open_array(path_to_array, path_to_split) -> tuple[np.ndarray, pd.DataFrame]:
    """The packed pictures, memory-mapped, and the split that points into them.

    Raises:
        InputError: where the split names rows that the array does not have.
    """
    array = np.load(path_to_array, mmap_mode="r")
    split = pd.read_csv(path_to_split, dtype=str, keep_default_na=False).astype({"row": int})
    if len(split) and split["row"].max() >= len(array):
        raise InputError(
            "split",
            f"{path_to_split} points to row {split['row'].max()}, {path_to_array} has {len(array)} rows",
            "They were made from different archives",
            "delete both and run again",
        )
    return array, split


@torch.inference_mode()
def predict_logits(
    network, part: Part, device, parameters: Tensor | None = None, batch_size: int = 64
) -> Tensor:
    """Logits of every image of a part in evaluation mode, (n, classes) float32 on the device."""
    network.eval()
    logits = []
    for chosen in torch.arange(len(part), device=part.device).split(batch_size):
        pictures = part.batch(chosen, parameters)
        with device.autocast():
            logits.append(network(pictures).float())
    return torch.cat(logits) if logits else torch.zeros(0, len(part.classes), device=part.device)
