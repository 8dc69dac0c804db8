"""Draws a lesion from its look, on a transparent ground."""

from functools import lru_cache

import numpy as np
from PIL import Image

from skinkd.demo import structures
from skinkd.demo.looks import Look
from skinkd.demo.structures import REACH, Ground

# In the order they are painted: pigment first, what lies on the surface last.
TINTS = {
    "strawberry": (195, 75, 75),
    "network": (75, 45, 35),
    "globules": (65, 40, 32),
    "ridges": (105, 70, 50),
    "streaks": (45, 32, 32),
    "lacunae": (110, 15, 50),
    "ovoid_nests": (70, 72, 98),
    "veil": (128, 130, 152),
    "scar": (245, 228, 222),
    "arborising_vessels": (190, 45, 60),
    "looped_vessels": (170, 35, 45),
    "comedo_openings": (55, 35, 28),
    "milia_cysts": (250, 240, 215),
    "keratin": (240, 222, 180),
    "scale": (245, 235, 228),
}
REDNESS = np.array([215, 110, 110], dtype=np.float32)
FAINTEST = 0.1


def draw_lesion(look: Look, size_px: int, generator) -> Image.Image:
    """The lesion `look` describes, RGBA, (size, size); it ends well before the edges.

    Args:
        look: its shape, colours and structures.
        size_px: the ground's edge; the lesion's radius is about 2/7 of it.
        generator: decides what the look leaves open, such as where each structure lies.
    """
    ground = _ground(look, size_px, generator)
    colour, alpha = _body(look, ground, generator)
    for name, tint in TINTS.items():
        amount = look.amounts.get(name, 0)
        if amount > FAINTEST:
            mask = amount * getattr(structures, name)(ground, generator)
            lighter = generator.normal(0, 10) + generator.normal(0, 4, 3)
            colour += mask[..., None] * ((tint + lighter).astype(np.float32) - colour)
            alpha = np.maximum(alpha, mask)
    rgba = np.concatenate([colour, 255 * alpha[..., None]], axis=2)
    return Image.fromarray(np.clip(rgba, 0, 255).astype(np.uint8))


@lru_cache(maxsize=2)
def _axes(size_px):
    along = np.linspace(-REACH, REACH, size_px, dtype=np.float32)
    return np.meshgrid(along, along)


def _ground(look, size_px, generator):
    """The lesion's outline: an ellipse, waved by harmonics and roughened by noise."""
    x, y = _axes(size_px)
    stretch = np.float32(np.sqrt(look.shape["elongation"]))
    distance = np.hypot(x / stretch, y * stretch) / np.float32(look.shape["radius"])
    angle = np.arctan2(y, x)
    outline = np.ones_like(angle)
    for harmonic in range(2, 6):
        height = look.shape["irregularity"] * generator.normal() / np.sqrt(harmonic)
        outline += np.float32(height) * np.cos(harmonic * angle + np.float32(generator.uniform(0, 2 * np.pi)))
    ground = Ground(x, y, outline - distance, size_px)
    rough = np.float32(0.6 * look.shape["irregularity"]) * ground.noise(generator, 12)
    return Ground(x, y, ground.depth + rough, size_px)


def _body(look, ground, generator):
    """Colour, (size, size, 3), and opacity, (size, size), of the lesion without its structures."""
    shape, (core, rim, patch) = look.shape, look.colours
    edge = np.clip(ground.depth / shape["softness"] + 0.5, 0, 1)
    holes = 1 - shape["patchiness"] * np.clip(ground.noise(generator, 9), 0, 1)
    body = shape["opacity"] * edge * edge * (3 - 2 * edge) * holes

    coreness = np.clip(1.1 * ground.depth + 0.25 * ground.noise(generator, 6), 0, 1)
    colour = rim + coreness[..., None] * (core - rim)
    heading = generator.uniform(0, 2 * np.pi)
    lopsided = ground.x * np.float32(np.cos(heading)) + ground.y * np.float32(np.sin(heading))
    patchy = np.clip(lopsided + 0.7 * ground.noise(generator, 5), 0, 1) * np.float32(shape["variegation"])
    colour = colour + patchy[..., None] * (patch - colour) + 7 * ground.noise(generator, 26)[..., None]

    halo = shape["halo"] * np.clip(1 + 1.6 * ground.depth, 0, 1)
    alpha = np.maximum(body, halo)
    outside = np.clip(1 - body / np.maximum(alpha, 1e-3), 0, 1)
    return colour + outside[..., None] * (REDNESS - colour), alpha
