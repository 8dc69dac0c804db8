"""What lies between the camera and the lesion, and tells nothing about the diagnosis."""

import numpy as np
from PIL import Image

from skinkd.demo.marks import Sheet


def add_hair(picture: Image.Image, count: int, generator) -> None:
    """Dark, thin, bent hairs across the picture, in one main direction."""
    width, height = picture.size
    sheet, main = Sheet(width, height), generator.uniform(0, np.pi)
    along = np.linspace(-0.5, 0.5, 8)
    for _ in range(count):
        angle, length = main + generator.normal(0, 0.5), generator.uniform(0.3, 1.2) * width
        bend = generator.normal(0, 0.25) * (along**2 - 0.1)
        middle = generator.uniform(0, [width, height])
        forth, aside = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        points = middle + length * (np.outer(along, forth) + np.outer(bend, aside))
        sheet.line(points, width / 240, generator.uniform(0.4, 0.9))
    picture.paste(_jittered((50, 38, 34), generator), mask=sheet.mask())


def add_ruler(picture: Image.Image, generator) -> None:
    """Dark ticks along the upper or lower edge, every fifth longer."""
    width, height = picture.size
    sheet, gap = Sheet(width, height), width * generator.uniform(0.035, 0.06)
    foot = height * generator.choice([0.02, 0.98])
    inwards = 1 if foot < height / 2 else -1
    for number in range(int(generator.uniform(0.4, 1) * width / gap)):
        x = 0.03 * width + number * gap
        long = 0.09 if number % 5 == 0 else 0.05
        sheet.line([(x, foot), (x, foot + inwards * long * height)], width / 160, 0.85)
    picture.paste((30, 28, 30), mask=sheet.mask())


def add_ink(picture: Image.Image, generator) -> None:
    """A surgeon's violet pen stroke near one side."""
    width, height = picture.size
    sheet = Sheet(width, height)
    down = np.linspace(generator.uniform(-0.1, 0.3), generator.uniform(0.6, 1.1), 6)
    side = (
        generator.choice([0.08, 0.92]) + generator.normal(0, 0.03) + np.cumsum(generator.normal(0, 0.015, 6))
    )
    sheet.line(np.stack([side * width, down * height], axis=1), width / 26, generator.uniform(0.45, 0.75))
    picture.paste(_jittered((85, 65, 150), generator), mask=sheet.mask())


def add_bubbles(picture: Image.Image, count: int, generator) -> None:
    """Pale rings with a highlight: air in the contact gel."""
    width, height = picture.size
    sheet = Sheet(width, height)
    for _ in range(count):
        (x, y), radius = generator.uniform(0, [width, height]), width * generator.uniform(0.012, 0.05)
        sheet.ring(x, y, radius, 0.5)
        sheet.disc(x - 0.4 * radius, y - 0.4 * radius, 0.3 * radius, 0.8)
    picture.paste((250, 246, 244), mask=sheet.mask())


def add_vignette(picture: Image.Image, radius: float, generator) -> None:
    """The round, dark edge of a dermoscope's field; `radius` in widths of the picture."""
    width, height = picture.size
    sheet = Sheet(width, height)
    x, y = generator.normal([width / 2, height / 2], 0.02 * width)
    for step, light in ((1.03, 0.45), (1.0, 1.0)):
        sheet.disc(x, y, step * radius * width, light)
    dark = Image.new("RGB", picture.size, (12, 10, 12))
    picture.paste(Image.composite(picture, dark, sheet.mask()))


def _jittered(colour, generator):
    return tuple(int(value) for value in np.clip(np.array(colour) + generator.normal(0, 14, 3), 0, 255))
