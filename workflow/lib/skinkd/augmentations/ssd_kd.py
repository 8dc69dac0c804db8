"""The augmentation of SSD-KD.

Source: Wang et al., SSD-KD, MedIA 2023, section 3.2, and the transform in the authors' code.

# ASSUME: The paper's text lists contrast and saturation without amounts; amounts and probabilities
# are those of the authors' transform, which changes hue and saturation but not contrast; saturation is
# scaled by up to 4 % here, which stands for their shift of up to 10 of 255.
# ASSUME: The authors resize after scaling; we apply scaling, flips and rotation in one resampling of
# the square picture.
"""

import math

import numpy as np

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
BLUR_TAPS_PX = 4


def ssd_kd():
    """Takes no parameters."""


def draw(images, view: int, seed: int) -> np.ndarray:
    """Parameters of one view of each image, (n, 14) float32, columns as in `COLUMNS`.

    Each of scaling, rotation, blur and colour happens with probability 0.25, each flip
    with 0.5 (horizontal) and 0.2 (vertical), dropout with 0.1.
    """
    from skinkd.augmentations import uniform

    u = uniform(images, view, seed, 21).T
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


def apply(pictures, rows):
    """The views that `rows` describe.

    Args:
        pictures: (n, 3, S, S) float32 in [0, 1].
        rows: (n, 14), as `draw` returns them, on the same device.

    Returns:
        (n, 3, S, S) float32 in [0, 1].
    """
    pictures = _moved(pictures, rows)
    pictures = _blurred(pictures, rows[:, INDEX["blur_sigma_px"]])
    pictures = _dropped(pictures, rows)
    return _coloured(pictures, rows).clamp(0, 1)


def _moved(pictures, rows):
    """Scale, flip and rotate about the centre in one resampling; the border is mirrored."""
    import torch
    import torch.nn.functional as F

    scale_x, scale_y, flip_x, flip_y, angle = rows[:, :5].T
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    # The grid maps output to input, so the picture's transform enters inverted.
    matrix = torch.stack(
        [
            torch.stack([flip_x * cos / scale_x, flip_x * sin / scale_x, zero], dim=1),
            torch.stack([-flip_y * sin / scale_y, flip_y * cos / scale_y, zero], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(matrix, list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _blurred(pictures, sigma_px):
    """Gaussian blur of each picture with its own width; none at width 0."""
    import torch
    import torch.nn.functional as F

    offsets = torch.arange(-BLUR_TAPS_PX, BLUR_TAPS_PX + 1, device=pictures.device, dtype=pictures.dtype)
    kernels = torch.exp(-0.5 * (offsets / sigma_px.clamp(min=1e-3)[:, None]) ** 2)
    kernels = (kernels / kernels.sum(dim=1, keepdim=True)).repeat_interleave(3, dim=0)
    n, channels, side, _ = pictures.shape
    flat = pictures.reshape(1, n * channels, side, side)
    for shape, padding in (
        ((1, -1), (BLUR_TAPS_PX, BLUR_TAPS_PX, 0, 0)),
        ((-1, 1), (0, 0, BLUR_TAPS_PX, BLUR_TAPS_PX)),
    ):
        weight = kernels.reshape(n * channels, 1, *shape)
        flat = F.conv2d(F.pad(flat, padding, mode="reflect"), weight, groups=n * channels)
    return flat.reshape(pictures.shape)


def _dropped(pictures, rows):
    """Black points (fine) or black squares a quarter of the resolution wide (coarse)."""
    import torch

    side = pictures.shape[-1]
    cell = torch.where(rows[:, INDEX["dropout_coarse"]] > 0, 4, 1).long()[:, None, None]
    line = torch.arange(side, device=pictures.device)
    point = (line[:, None] // cell) * side + line[None, :] // cell
    noise = _hashed(point, rows[:, INDEX["dropout_seed"]].long()[:, None, None])
    return pictures * (noise >= rows[:, INDEX["dropout_share"], None, None])[:, None]


def _hashed(point, seed):
    """Numbers in [0, 1) from integer arithmetic, equal on every device."""
    mixed = (point * 2654435761 + seed * 40503 + 12345) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 16)) * 73244475) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 16)) * 73244475) & 0xFFFFFFFF
    return (mixed ^ (mixed >> 16)).double() / 2**32


def _coloured(pictures, rows):
    """Add to the channels; turn the hue (a rotation in YIQ) and change the saturation."""
    pictures = pictures + rows[:, INDEX["add_red"] : INDEX["add_blue"] + 1, None, None]
    grey = (pictures * pictures.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(dim=1, keepdim=True)
    i_axis, q_axis = pictures.new_tensor([[0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    angle = (rows[:, INDEX["hue"]] * 2 * math.pi)[:, None, None]
    i = (pictures * i_axis[:, None, None]).sum(dim=1)
    q = (pictures * q_axis[:, None, None]).sum(dim=1)
    turned_i, turned_q = i * angle.cos() - q * angle.sin(), i * angle.sin() + q * angle.cos()
    back = pictures.new_tensor([[0.956, 0.621], [-0.272, -0.647], [-1.106, 1.703]])
    change_i, change_q = (turned_i - i)[:, None], (turned_q - q)[:, None]
    turned = pictures + change_i * back[:, 0, None, None] + change_q * back[:, 1, None, None]
    saturation = 1 + rows[:, INDEX["saturation"]]
    return grey + (turned - grey) * saturation[:, None, None, None]
