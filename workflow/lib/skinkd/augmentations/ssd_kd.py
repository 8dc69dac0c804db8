"""The augmentation of SSD-KD.

Source: Wang et al., SSD-KD, MedIA 2023, section 3.2, and the transform in the authors' code.

# ASSUME: The paper's text lists contrast and saturation without amounts; amounts and probabilities
# are those of the authors' transform, which changes hue and saturation but not contrast; saturation is
# scaled by up to 4 % here, which stands for their shift of up to 10 of 255.
# ASSUME: The authors resize after scaling; we apply scaling, flips and rotation in one resampling of
# the square picture.
"""

import math
from functools import partial

import numpy as np
from torch import Tensor

from skinkd.augmentations import uniform
from skinkd.picture_changes import Change, blackened, blurred, change, recoloured, resampled

COLUMNS = [
    "scale_x",
    "scale_y",
    "flip_x",
    "flip_y",
    "angle_rad",
    "blur_sigma_px",
    "dropout_share",
    "dropout_coarse",
    "dropout_seed",
    "add_red",
    "add_green",
    "add_blue",
    "hue",
    "saturation",
]
INDEX = {name: column for column, name in enumerate(COLUMNS)}
COARSE_PX = 4
# Columns: red, green, blue.
GREY = np.array([0.299, 0.587, 0.114])
TO_IQ = np.array([[0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
FROM_IQ = np.array([[0.956, 0.621], [-0.272, -0.647], [-1.106, 1.703]])


def ssd_kd():
    """Takes no parameters."""


def draw(keys, view: int, seed: int) -> np.ndarray:
    """Parameters of one view of each image, (n, 14) float32, columns as in `COLUMNS`.

    Each of scaling, rotation, blur and colour happens with probability 0.25, each flip
    with 0.5 (horizontal) and 0.2 (vertical), dropout with 0.1.
    """
    u = uniform(keys, view, seed, 21).T
    scaled, rotated, blurred, dropped, coloured = (
        u[0] < 0.25,
        u[1] < 0.25,
        u[2] < 0.25,
        u[3] < 0.1,
        u[4] < 0.25,
    )
    added, per_channel = coloured & (u[5] < 0.5), u[6] < 0.5
    shift = (2 * u[7:10] - 1) * 15 / 255
    shift = np.where(per_channel, shift, shift[0]) * added
    toned = coloured & ~added
    coarse = u[10] < 0.5
    columns = [
        np.where(scaled, 1 + u[11], 1),
        np.where(scaled, 1 + u[12], 1),
        np.where(u[13] < 0.5, -1, 1),
        np.where(u[14] < 0.2, -1, 1),
        np.where(rotated, (2 * u[15] - 1) * math.radians(120), 0),
        np.where(blurred, 1.5 * u[16], 0),
        np.where(dropped, np.where(coarse, 0.02, 0.05 * u[17]), 0),
        coarse,
        np.floor(u[18] * 2**20),
        *shift,
        np.where(toned, (2 * u[19] - 1) * 10 / 255, 0),
        np.where(toned, (2 * u[20] - 1) * 10 / 255, 0),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def apply(pictures: Tensor, rows: Tensor) -> Tensor:
    """Turn pictures into the views that `rows` describe, in place.

    Args:
        pictures: (n, 3, S, S) float32 in [0, 1], on any device.
        rows: (n, 14), as `draw` returns them, on the host.

    Returns:
        (n, 3, S, S) float32 in [0, 1].
    """
    column = dict(zip(COLUMNS, rows.double().T.numpy(), strict=True))
    sigma_px = column["blur_sigma_px"]
    coloured = (rows[:, INDEX["add_red"] :] != 0).any(dim=1).numpy()
    changes = [
        *_moves(column),
        Change(sigma_px > 0, blurred, (sigma_px,)),
        *_dropouts(column),
        Change(coloured, recoloured, _colours(column)),
    ]
    change(pictures, changes)
    return pictures


def _moves(column: dict) -> list[Change]:
    """Scale, flip and rotate about the centre in one resampling; what is only flipped is mirrored exactly."""
    scale_x, scale_y, flip_x, flip_y, angle = (column[name] for name in COLUMNS[:5])
    cos, sin = np.cos(angle), np.sin(angle)
    # The matrix maps output to input, so the picture's transform enters inverted.
    matrix = [
        [flip_x * cos / scale_x, flip_x * sin / scale_x],
        [-flip_y * sin / scale_y, flip_y * cos / scale_y],
    ]
    moved = (scale_x != 1) | (scale_y != 1) | (angle != 0)
    return [
        Change(moved, resampled, (np.moveaxis(np.array(matrix), 2, 0),)),
        Change(~moved & (flip_x < 0), lambda pictures: pictures.flip(3)),
        Change(~moved & (flip_y < 0), lambda pictures: pictures.flip(2)),
    ]


def _dropouts(column: dict) -> list[Change]:
    """Black points (fine) or black squares a quarter of the resolution wide (coarse)."""
    share, seed = column["dropout_share"], column["dropout_seed"]
    coarse = column["dropout_coarse"] > 0
    return [
        Change((share > 0) & these, partial(blackened, cell_px=cell_px), (share, seed))
        for these, cell_px in ((~coarse, 1), (coarse, COARSE_PX))
    ]


def _colours(column: dict) -> tuple[np.ndarray, np.ndarray]:
    """Add to the channels, turn the hue (a rotation in YIQ) and change the saturation: all three are linear.

    Returns:
        matrices (n, 3, 3) of red, green and blue, and shifts (n, 3).
    """
    angle, saturation = 2 * math.pi * column["hue"], 1 + column["saturation"][:, None, None]
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.moveaxis(np.array([[cos - 1, -sin], [sin, cos - 1]]), 2, 0)
    turned = np.eye(3) + FROM_IQ @ turn @ TO_IQ
    matrices = saturation * turned + (1 - saturation) * np.outer(np.ones(3), GREY)
    added = np.stack([column[name] for name in ("add_red", "add_green", "add_blue")], axis=1)
    return matrices, (matrices @ added[:, :, None])[:, :, 0]
