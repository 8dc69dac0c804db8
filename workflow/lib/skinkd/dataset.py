"""One part of a split, ready for a network: pictures where they are, views made on the device in batches."""

import time
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from skinkd.augmentations import keys_of
from skinkd.data_files import open_pictures, read_table
from skinkd.errors import InputError
from skinkd.packed_pictures import PackedPictures
from skinkd.transfers import sent

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet
DRAWN_AT_ONCE = 4096
# An epoch takes one view of each picture, or one for each of its four turns.
KEPT_VIEWS = 4
MADE_AT_ONCE_BYTES = 2**22  # by measurement: 1 to 4 MB are alike, more is slower at 224 px


class Part:
    """Images, labels and views of one part of a split.

    Args:
        array: the packed pictures, (N, S, S, 3) uint8; only this part's rows are read, on the CPU when
            a batch asks for them.
        split: the rows of this part, as in a split's csv.
        classes: class order of the task.
        augmentation: name of the augmentation of the views.
        view_seed: seed of the views.
        device: name of the torch device on which batches are made.

    Attributes:
        table: the rows of this part.
        labels: (n,) class indices, on the device.
        size_px: side of the pictures.
        reused_s: seconds that the making of batches took which were served again, each time that they were.
    """

    def __init__(
        self, array, split: pd.DataFrame, classes, *, augmentation: str, view_seed: int, device: str
    ):
        self.table = split.reset_index(drop=True)
        self.classes = tuple(classes)
        self.augmentation = import_module(f"skinkd.augmentations.{augmentation}")
        self.view_seed, self.device = view_seed, device
        self.packed, self.size_px = PackedPictures(array, self.table["row"], device), array.shape[1]
        index = {name: position for position, name in enumerate(self.classes)}
        self.labels = torch.tensor([index[label] for label in self.table["label"]], device=device)
        self._mean, self._deviation = (
            sent(np.tile(np.float32(v), self.size_px), device) for v in (MEAN, DEVIATION)
        )
        self._views: dict[int, Tensor] = {}
        self._sent: tuple = (None, None)
        self._latest: dict[int, tuple] | None = None
        self.reused_s = 0.0

    def __len__(self) -> int:
        return len(self.table)

    def class_counts(self) -> Tensor:
        """Images of each class, (classes,)."""
        return torch.bincount(self.labels, minlength=len(self.classes))

    def parameters(self, view: int) -> Tensor:
        """The augmentation's parameters of every image in one view, (n, P), on the host; not to be changed.

        The latest four views are kept: asked for again, the very same tensor is returned.
        """
        rows = self._views.pop(view, None)
        self._views[view] = self._drawn(view) if rows is None else rows
        if len(self._views) > KEPT_VIEWS:
            del self._views[next(iter(self._views))]
        return self._views[view]

    def batch(self, chosen: Tensor, parameters: Tensor | None = None, quarter_turns: int = 0) -> Tensor:
        """Normalised pictures, (len(chosen), 3, S, S) float32 on the device, channels last.

        Args:
            chosen: indices of images, on the host; to fetch them from a device would be to wait for it.
            parameters: of their augmentation, (n, P) for all images; None leaves them as they are.
            quarter_turns: counter-clockwise, before the augmentation.
        """
        if self._latest is None:
            return self._made(chosen, parameters, quarter_turns)
        of_chosen, of_parameters, pictures, took_s = self._latest.get(quarter_turns, (None,) * 4)
        if of_chosen is chosen and of_parameters is parameters:
            self.reused_s += took_s
            return pictures
        started_s = time.monotonic()
        pictures = self._made(chosen, parameters, quarter_turns)
        self._latest[quarter_turns] = chosen, parameters, pictures, time.monotonic() - started_s
        return pictures

    @contextmanager
    def sharing(self):
        """While open, `batch` keeps the latest batch of each quarter turn.

        Whoever asks again with the very same `chosen` and `parameters` gets the same tensor, and must
        not write into it: students that step together pay for their pictures once.
        """
        self._latest = {}
        try:
            yield self
        finally:
            self._latest = None

    def on_device(self, chosen: Tensor) -> Tensor:
        """Indices of the host on the device, without waiting for it; the latest ones are remembered."""
        if self._sent[0] is not chosen:
            self._sent = chosen, sent(chosen, self.device)
        return self._sent[1]

    @cached_property
    def _keys(self) -> np.ndarray:
        """The names of the images as the augmentation takes them."""
        return keys_of(self.table["image"])

    def _drawn(self, view: int) -> Tensor:
        """The parameters of one view, drawn in pieces: what lies between is as large as a piece."""
        pieces = np.split(self._keys, range(DRAWN_AT_ONCE, len(self), DRAWN_AT_ONCE))
        return torch.from_numpy(
            np.concatenate([self.augmentation.draw(keys, view, self.view_seed) for keys in pieces])
        )

    def _made(self, chosen: Tensor, parameters: Tensor | None, quarter_turns: int) -> Tensor:
        """A batch from the packed pictures, made in pieces that stay in a CPU's cache."""
        batch = torch.empty(len(chosen), self.size_px, self.size_px, 3, device=self.device)
        fitting = MADE_AT_ONCE_BYTES // (12 * self.size_px**2) if self.device == "cpu" else len(chosen)
        pieces = (each.split(max(1, fitting)) for each in (chosen, self.on_device(chosen), batch))
        for piece, on_device, made in zip(*pieces, strict=True):
            packed = self.packed.take(piece, on_device)
            turned = torch.rot90(packed, quarter_turns, dims=(1, 2)).permute(0, 3, 1, 2)
            made.copy_(self._view(turned, parameters, piece).permute(0, 2, 3, 1))
            # Whole lines: a loop over the three channels of each point would be slower.
            made.flatten(2).sub_(self._mean).div_(self._deviation)
        return batch.permute(0, 3, 1, 2)

    def _view(self, pictures: Tensor, parameters: Tensor | None, chosen: Tensor) -> Tensor:
        """Bytes as numbers in [0, 1], augmented if there are parameters."""
        if parameters is None or not parameters.shape[1]:
            return pictures.float().div_(255)
        pictures = pictures.to(torch.float32, memory_format=torch.contiguous_format).div_(255)
        return self.augmentation.apply(pictures, parameters[chosen])


def open_array(path_to_array, path_to_split) -> tuple[np.ndarray, pd.DataFrame]:
    """The packed pictures, memory-mapped, and the split that points into them.

    Raises:
        InputError: where the array is no array of pictures, or lacks rows that the split names.
    """
    array, split = open_pictures(path_to_array), read_table(path_to_split)
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
    for chosen in torch.arange(len(part)).split(batch_size):
        pictures = part.batch(chosen, parameters)
        with device.autocast():
            logits.append(network(pictures).float())
    return torch.cat(logits) if logits else torch.zeros(0, len(part.classes), device=part.device)
