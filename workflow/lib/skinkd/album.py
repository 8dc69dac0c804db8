"""Pictures of the packed array as small PNG files for the report."""

from pathlib import Path

import numpy as np
from PIL import Image

from skinkd.atomic import whole
from skinkd.dataset import Part, open_array
from skinkd.errors import InputError, examples

SHOWN_PX = 192
# Even in lightness and told apart by colour-blind readers: Nuñez et al., PLOS ONE 13(7), 2018.
COLOURS = "cividis"
OPACITY = 0.5


class Album:
    """A folder of PNG files, all of one size.

    Args:
        path_to_array, path_to_split: the packed pictures and the split that points into them.
        folder: where the files go; their names are given relative to its parent.
    """

    def __init__(self, path_to_array, path_to_split, folder):
        self.array, self.split = open_array(path_to_array, path_to_split)
        self.path_to_split, self.folder = path_to_split, Path(folder)
        self.array_px = self.array.shape[1]
        # Whole factors only, so that each pixel stays a square.
        factor = SHOWN_PX // self.array_px
        self.shown_px = factor * self.array_px if factor else SHOWN_PX

    @property
    def resampling(self) -> str:
        """How a packed picture becomes a shown one, in words."""
        if self.shown_px < self.array_px:
            return "reduced, bilinear"
        factor = self.shown_px // self.array_px
        return "as packed" if factor == 1 else f"enlarged {factor} times, nearest pixel"

    def rows_of(self, images):
        """The split's rows of these images, in their order.

        Raises:
            InputError: for an image that the split does not have.
        """
        table = self.split.set_index("image", drop=False)
        missing = [image for image in images if image not in table.index]
        if missing:
            raise InputError(
                "pictures",
                f"{self.path_to_split} does not have {examples(missing)}, which the predictions have",
                "The predictions were made from another split",
                "delete the predictions and run again",
            )
        return table.loc[list(images)].reset_index(drop=True)

    def batch(self, images, classes):
        """Pictures as networks take them, (n, 3, S, S) float32."""
        import torch

        part = Part(
            self.array, self.rows_of(images), classes, augmentation="identity", view_seed=0, device="cpu"
        )
        return part.batch(torch.arange(len(part)))

    def add(self, name: str, image: str, heat: np.ndarray | None = None) -> str:
        """Write a picture, under a map (shown_px, shown_px) in [0, 1] if there is one; its file name."""
        shown = shown_at(self.array[self.rows_of([image])["row"].iloc[0]], self.shown_px)
        path = self.folder / f"{name}.png"
        with whole(path) as partial:
            # From bare pixels: a file from a camera's picture would keep what the camera wrote into it.
            drawn = Image.fromarray(shown if heat is None else overlaid(shown, heat))
            drawn.save(partial, format="PNG", optimize=True)
        return f"{self.folder.name}/{path.name}"


def shown_at(pixels: np.ndarray, side_px: int) -> np.ndarray:
    """A picture (S, S, 3) uint8 at another size: reduced smoothly, enlarged pixel by pixel."""
    how = Image.Resampling.BILINEAR if side_px < len(pixels) else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(np.asarray(pixels)).resize((side_px, side_px), how))


def overlaid(pixels: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A picture (S, S, 3) uint8 under the colours of a map (S, S) in [0, 1], half of each."""
    mixed = (1 - OPACITY) * pixels + OPACITY * 255 * _colour_map()(heat)[..., :3]
    return np.rint(mixed).astype(np.uint8)


def describe_colours() -> dict:
    """The colours of the maps, for a legend."""
    from matplotlib.colors import to_hex

    lowest, highest = (to_hex(_colour_map()(value)) for value in (0.0, 1.0))
    return {"name": COLOURS, "opacity": OPACITY, "lowest": lowest, "highest": highest}


def describe_levels() -> dict:
    """The colours of 256 levels of the maps, for who cannot ask matplotlib: RGB in [0, 255]."""
    levels = 255 * _colour_map()(range(256))[:, :3]
    return {"opacity": OPACITY, "levels": levels.round(2).tolist()}


def _colour_map():
    """matplotlib's map of numbers in [0, 1] to colours."""
    from matplotlib import colormaps

    return colormaps[COLOURS]
