"""Smooth noise and antialiased strokes, the two pens of every drawing."""

import numpy as np
from PIL import Image, ImageDraw

OVERSAMPLING = 2


def noise(generator, cells: int, width_px: int, height_px: int) -> np.ndarray:
    """A smooth random field, (height, width) float32, about standard normal; `cells` bumps across."""
    lattice = generator.standard_normal((cells, cells), dtype=np.float32)
    return np.asarray(Image.fromarray(lattice).resize((width_px, height_px), Image.Resampling.BICUBIC))


class Sheet:
    """A mask to draw on in pixels of the picture, antialiased by oversampling."""

    def __init__(self, width_px: int, height_px: int):
        self._image = Image.new("L", (OVERSAMPLING * width_px, OVERSAMPLING * height_px))
        self._pen = ImageDraw.Draw(self._image)

    def line(self, points, thickness_px: float, value: float = 1.0) -> None:
        """A polyline through `points`, (n, 2), in pixels."""
        thickness = max(1, round(OVERSAMPLING * thickness_px))
        scaled = (OVERSAMPLING * np.asarray(points, dtype=float)).ravel().tolist()
        self._pen.line(scaled, fill=round(255 * value), width=thickness, joint="curve")

    def disc(self, x: float, y: float, radius_px: float, value: float = 1.0) -> None:
        """A filled circle."""
        self._pen.ellipse(self._box(x, y, radius_px, radius_px), fill=round(255 * value))

    def oval(self, x: float, y: float, wide_px: float, high_px: float, value: float = 1.0) -> None:
        """A filled ellipse with half axes `wide_px` and `high_px`."""
        self._pen.ellipse(self._box(x, y, wide_px, high_px), fill=round(255 * value))

    def ring(self, x: float, y: float, radius_px: float, value: float = 1.0) -> None:
        """A circle's outline, one pixel of the picture thick."""
        self._pen.ellipse(
            self._box(x, y, radius_px, radius_px), outline=round(255 * value), width=OVERSAMPLING
        )

    def mask(self) -> Image.Image:
        """What was drawn, at the picture's size, mode L."""
        return self._image.reduce(OVERSAMPLING)

    def coverage(self) -> np.ndarray:
        """What was drawn, (height, width) float32 in [0, 1]."""
        return np.asarray(self.mask(), dtype=np.float32) / 255

    @staticmethod
    def _box(x, y, wide, high):
        return [OVERSAMPLING * float(edge) for edge in (x - wide, y - high, x + wide, y + high)]
