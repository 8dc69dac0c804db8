"""Changes of pictures, (n, 3, S, S) float32 in [0, 1], each picture by its own amount.

The amounts are arrays of the host. Each change costs what the pictures cost that it is asked of,
and gives a picture the same whichever others are in the batch.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from skinkd.transfers import sent

PIECE_BYTES = 2**21
BLUR_TAPS_PX = 4
# Beyond so many deviations a weight is below half a rounding step of the middle one.
TAPS_PER_SIGMA = 6.0


class Change(NamedTuple):
    """A change of some pictures.

    Attributes:
        affected: (n,) bool, whose.
        make: takes pictures and their amounts, returns the changed ones.
        amounts: arrays with an entry for each of the n pictures.
    """

    affected: np.ndarray
    make: Callable
    amounts: tuple[np.ndarray, ...] = ()


def change(pictures: Tensor, changes: list[Change]) -> None:
    """Make changes in place, one after the other; on a CPU in pieces that stay in its cache meanwhile."""
    at_once = len(pictures)
    if at_once and pictures.device.type == "cpu":
        at_once = PIECE_BYTES // pictures[0].nbytes
    for first in range(0, len(pictures), max(1, at_once)):
        piece = slice(first, first + max(1, at_once))
        for affected, make, amounts in changes:
            _change(pictures[piece], np.flatnonzero(affected[piece]), make, [each[piece] for each in amounts])


def _change(pictures: Tensor, those: np.ndarray, make: Callable, amounts: list[np.ndarray]) -> None:
    """Change those pictures in place."""
    if len(those) == len(pictures):
        pictures.copy_(make(pictures, *amounts))
    elif len(those):
        index = sent(those, pictures.device)
        pictures.index_copy_(
            0, index, make(pictures.index_select(0, index), *(each[those] for each in amounts))
        )


def resampled(pictures: Tensor, matrices: np.ndarray) -> Tensor:
    """Pictures moved about their centre, bilinear; the border is mirrored.

    Args:
        matrices: (n, 2, 2), from a position (x, y) in the result to one in the picture.
    """
    side = pictures.shape[-1]
    line = (2 * torch.arange(side, device=pictures.device) + 1) / side - 1
    factors = sent(matrices.astype(np.float32), pictures.device)[:, :, :, None, None]
    # All x, then all y: pairs would be slower to make and to read.
    grid = (factors[:, :, 0] * line + factors[:, :, 1] * line[:, None]).permute(0, 2, 3, 1)
    moved = F.grid_sample(pictures, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return moved.clamp_(0, 1)


def blurred(pictures: Tensor, sigma_px: np.ndarray) -> Tensor:
    """Gaussian blur of each picture with its own width, cut at 4 px; the border is mirrored."""
    weights = _gaussian(sigma_px)
    for axis in (3, 2) if weights.shape[1] > 1 else ():
        pictures = _blurred_along(pictures, sent(weights, pictures.device), axis)
    return pictures.clamp(0, 1)


def _gaussian(sigma_px: np.ndarray) -> np.ndarray:
    """The weights of a point and its neighbours to one side, (n, 1 + taps) float32; at most 4 taps."""
    taps = np.minimum(np.floor(TAPS_PER_SIGMA * sigma_px), BLUR_TAPS_PX)
    offsets = np.arange(1 + int(taps.max()))
    weights = np.exp(-0.5 * (offsets / np.maximum(sigma_px, 1e-3)[:, None]) ** 2)
    weights *= offsets <= taps[:, None]
    return (weights / (2 * weights.sum(axis=1, keepdims=True) - 1)).astype(np.float32)


def _blurred_along(pictures: Tensor, weights: Tensor, axis: int) -> Tensor:
    """Blur along rows (axis 3) or columns (axis 2): each distance's two neighbours together."""
    side, taps = pictures.shape[axis], weights.shape[1] - 1
    padded = F.pad(pictures, (taps, taps, 0, 0) if axis == 3 else (0, 0, taps, taps), mode="reflect")
    factors = weights.T[:, :, None, None, None]
    total = pictures * factors[0]
    for distance in range(1, 1 + taps):
        before = padded.narrow(axis, taps - distance, side)
        after = padded.narrow(axis, taps + distance, side)
        total.addcmul_(before + after, factors[distance])
    return total


def blackened(pictures: Tensor, share: np.ndarray, seed: np.ndarray, cell_px: int) -> Tensor:
    """Pictures with a share of their squares of `cell_px` black; which ones, the seed says."""
    side = pictures.shape[-1]
    line = torch.arange(-(-side // cell_px), device=pictures.device)
    noise = _hashed(line[:, None] * side + line, sent(seed.astype(np.int64), pictures.device)[:, None, None])
    # Whole numbers are compared, as no rounding can then differ between devices.
    least = sent(np.ceil(share * 2.0**32).astype(np.int64), pictures.device)
    kept = noise >= least[:, None, None]
    for axis in (1, 2) if cell_px > 1 else ():
        kept = kept.repeat_interleave(cell_px, dim=axis).narrow(axis, 0, side)
    return pictures * kept[:, None]


def _hashed(point: Tensor, seed: Tensor) -> Tensor:
    """Numbers from 0 to 2**32 - 1 from integer arithmetic, equal on every device."""
    mixed = (point * 2654435761 + seed * 40503 + 12345) & 0xFFFFFFFF
    for _ in range(2):
        mixed = ((mixed ^ (mixed >> 16)) * 73244475) & 0xFFFFFFFF
    return mixed ^ (mixed >> 16)


def recoloured(pictures: Tensor, matrices: np.ndarray, shifts: np.ndarray) -> Tensor:
    """Each colour (red, green, blue) times a matrix (n, 3, 3), and a shift (n, 3) added."""
    matrices, shifts = (sent(amounts.astype(np.float32), pictures.device) for amounts in (matrices, shifts))
    colours = torch.baddbmm(shifts[:, :, None], matrices, pictures.flatten(2))
    return colours.clamp_(0, 1).unflatten(2, pictures.shape[2:])
