"""Some pictures of the packed array: left where they are for a CPU, in the memory of another device."""

import numpy as np
import torch
from torch import Tensor

from skinkd.transfers import sent

SENT_AT_ONCE_BYTES = 2**27


class PackedPictures:
    """Pictures by their place in a part.

    For a CPU nothing is copied before it is asked for: a memory-mapped array stays on the disk and in
    the system's cache, which all processes share. Another device gets the pictures once, and keeps them.

    Args:
        array: (N, S, S, 3) uint8.
        rows: which of them, in their order.
        device: name of the torch device on which they are wanted.
    """

    def __init__(self, array: np.ndarray, rows, device: str):
        # A memory map as an ordinary array: the same bytes, and no class of its own for each batch.
        self.array, self.rows = np.asarray(array), np.asarray(rows)
        self.device = torch.device(device)
        self._resident = None if self.device.type == "cpu" else self._uploaded()

    def take(self, chosen: Tensor, on_device: Tensor) -> Tensor:
        """Pictures, (len(chosen), S, S, 3) uint8 on the device, for the caller to keep.

        Args:
            chosen: indices into the rows, on the host.
            on_device: the same, on the device.
        """
        if self._resident is not None:
            return self._resident[on_device]
        return torch.from_numpy(self.array[self.rows[chosen.numpy()]])

    def _uploaded(self) -> Tensor:
        """All pictures in the device's memory, sent in pieces so that the host holds one at a time."""
        shape = self.array.shape[1:]
        resident = torch.empty(len(self.rows), *shape, dtype=torch.uint8, device=self.device)
        at_once = max(1, SENT_AT_ONCE_BYTES // int(np.prod(shape)))
        for first in range(0, len(self.rows), at_once):
            rows = self.rows[first : first + at_once]
            resident[first : first + at_once] = sent(self.array[rows], self.device)
        return resident
