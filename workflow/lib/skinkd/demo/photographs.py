"""Photographs a lesion: its patient's skin, one camera, one moment."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from skinkd.demo.marks import noise
from skinkd.demo.nuisance import add_bubbles, add_hair, add_ink, add_ruler, add_vignette

SKIN_TONES = np.array([(232, 195, 185), (225, 165, 158), (205, 170, 178), (215, 172, 138), (178, 132, 105)])
GRAIN = 3.0


@dataclass(frozen=True)
class Camera:
    """How pictures of one source look: ranges, shares of the pictures, 8-bit paleness."""

    magnification: tuple[float, float]
    shift: float
    warmth: tuple[float, float]
    paleness: float
    vignetted: float
    hairy: float
    ruled: float
    inked: float
    bubbly: float


CAMERAS = {
    "HAM": Camera((0.75, 1.15), 0.07, (0.0, 0.12), 0.0, 0.0, 0.30, 0.03, 0.02, 0.06),
    "BCN": Camera((0.85, 1.35), 0.10, (-0.08, 0.06), 0.0, 0.75, 0.35, 0.12, 0.06, 0.12),
    "MSK4": Camera((0.75, 1.30), 0.10, (-0.05, 0.04), 0.30, 0.05, 0.30, 0.15, 0.15, 0.10),
}


@dataclass(frozen=True)
class Visit:
    """What the photographs of one lesion share: the patient, the room and the instrument.

    Args:
        tone: of the skin, 8-bit RGB, (3,).
        zoom: pixels of the picture for one of the lesion's ground.
        lamp: gain of red, green and blue, (3,).
        paleness: share of white.
        hairs: how many to expect in a picture.
        field: radius of the instrument's round field, in widths of the picture; 0 where it shows no edge.
    """

    tone: np.ndarray
    zoom: float
    lamp: np.ndarray
    paleness: float
    hairs: int
    field: float


def draw_visit(camera: Camera, generator) -> Visit:
    """A patient before a camera of one source; the skin lies between two tones."""
    first, second = generator.choice(len(SKIN_TONES), 2, replace=False)
    warmth, tint = generator.uniform(*camera.warmth), generator.normal(0, 0.02)
    lamp = generator.uniform(0.86, 1.08) * np.array([1 + warmth / 2, 1 - warmth / 2 + tint, 1 - warmth / 2])
    hairy, vignetted = generator.random(2)
    return Visit(
        tone=SKIN_TONES[first] + generator.random() * (SKIN_TONES[second] - SKIN_TONES[first]),
        zoom=generator.uniform(*camera.magnification),
        lamp=lamp,
        paleness=camera.paleness * generator.uniform(0.6, 1.2),
        hairs=int(generator.integers(3, 16)) if hairy < camera.hairy else 0,
        field=generator.uniform(0.42, 0.56) if vignetted < camera.vignetted else 0.0,
    )


def photograph(lesion: Image.Image, visit: Visit, camera: Camera, width_px: int, generator) -> Image.Image:
    """One picture of `lesion`, RGB, (3/4 width, width).

    Called again for the same visit it gives the lesion shifted, turned, nearer or farther, in
    slightly other light and behind other hair.
    """
    height_px = width_px * 3 // 4
    seen = np.asarray(_placed(lesion, visit, camera, width_px, height_px, generator), dtype=np.float32)
    skin = _skin(visit.tone, width_px, height_px, generator)
    scene = skin + seen[..., 3:] / 255 * (seen[..., :3] - skin)
    grain = generator.standard_normal(scene.shape[:2], dtype=np.float32)[..., None]
    exposed = scene * _light(visit.lamp, width_px, height_px, generator) + GRAIN * grain
    pale = exposed + visit.paleness * (238 - exposed)
    picture = Image.fromarray(np.clip(pale, 0, 255).astype(np.uint8))
    _add_nuisance(picture, visit, camera, generator)
    return picture


def _placed(lesion, visit, camera, width_px, height_px, generator):
    """The lesion as it is framed, RGBA, (height, width)."""
    # Turned a little only: pictures of one visit are held alike. Lesions lie any way round by themselves.
    angle, zoom = generator.normal(0, 0.3), visit.zoom * generator.uniform(0.88, 1.14)
    across, down = (generator.uniform(-camera.shift, camera.shift, 2) + 0.5) * [width_px, height_px]
    cos, sin, centre = np.cos(angle) / zoom, np.sin(angle) / zoom, lesion.width / 2
    to_lesion = (
        *(cos, sin, centre - cos * across - sin * down),
        *(-sin, cos, centre + sin * across - cos * down),
    )
    return lesion.transform(
        (width_px, height_px), Image.Transform.AFFINE, to_lesion, Image.Resampling.BILINEAR
    )


def _skin(tone, width_px, height_px, generator):
    """Skin with blotches and furrows, (height, width, 3)."""
    blotches = noise(generator, 6, width_px, height_px)
    furrows = noise(generator, 40, width_px, height_px)
    redder = np.array([2.0, 5.0, 4.5], dtype=np.float32)
    return tone.astype(np.float32) - blotches[..., None] * redder - 3.5 * furrows[..., None]


def _light(lamp, width_px, height_px, generator):
    """Gain of each pixel and channel, (height, width, 3): how bright the lamp is and where it stands."""
    x, y = _axes(width_px, height_px)
    slope_x, slope_y = generator.normal(0, 0.06, 2).astype(np.float32)
    brightness = np.float32(generator.normal(1, 0.03))
    return brightness * (1 + slope_x * x + slope_y * y)[..., None] * lamp.astype(np.float32)


@lru_cache(maxsize=2)
def _axes(width_px, height_px):
    return np.meshgrid(
        np.linspace(-1, 1, width_px, dtype=np.float32), np.linspace(-1, 1, height_px, dtype=np.float32)
    )


def _add_nuisance(picture, visit, camera, generator):
    """The visit's hair and field; bubbles, rulers and ink as often as the camera's source has them."""
    bubbly, ruled, inked = generator.random(3)
    if visit.hairs:
        add_hair(picture, generator.poisson(visit.hairs), generator)
    if bubbly < camera.bubbly:
        add_bubbles(picture, generator.integers(2, 9), generator)
    if ruled < camera.ruled:
        add_ruler(picture, generator)
    if inked < camera.inked:
        add_ink(picture, generator)
    if visit.field:
        add_vignette(picture, visit.field, generator)
