"""Dermoscopic structures: where each lies on a lesion, as a mask.

Every function takes the `Ground` of a lesion and a generator and returns coverage,
(size, size) float32 in [0, 1]. The look of the lesion says how strongly it shows.
"""

from dataclasses import dataclass

import numpy as np

from skinkd.demo.marks import Sheet, noise

REACH = 1.75  # the ground covers [-REACH, REACH] in both directions; a lesion's radius is about 1


@dataclass(frozen=True)
class Ground:
    """A lesion's own coordinates: x and y in radii, and depth, 1 at its centre and 0 at its border."""

    x: np.ndarray
    y: np.ndarray
    depth: np.ndarray
    size_px: int

    @property
    def inside(self) -> np.ndarray:
        """1 well inside the border, 0 outside."""
        return np.clip(self.depth * 8, 0, 1)

    @property
    def px(self) -> float:
        """Pixels per unit of length."""
        return self.size_px / (2 * REACH)

    def at(self, points) -> np.ndarray:
        """Points (n, 2) in units, in pixels."""
        return (np.asarray(points) + REACH) * self.px

    def noise(self, generator, cells: int) -> np.ndarray:
        """A smooth random field over the ground."""
        return noise(generator, cells, self.size_px, self.size_px)

    def sheet(self) -> Sheet:
        """A blank mask of the ground's size."""
        return Sheet(self.size_px, self.size_px)


def scattered(generator, count: int, spread: float) -> np.ndarray:
    """Points (count, 2) in a disc of radius `spread`, uniformly."""
    distance = spread * np.sqrt(generator.random(count))
    angle = 2 * np.pi * generator.random(count)
    return np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=1)


def honeycomb(ground, generator, period: float) -> np.ndarray:
    """Three plane waves at 60 degrees, bent by noise: 1 in the holes, 0 on the lines."""
    bend, first = ground.noise(generator, 9), generator.uniform(0, np.pi)
    waves = 0
    for third in range(3):
        angle = first + third * np.pi / 3
        along = ground.x * np.float32(np.cos(angle)) + ground.y * np.float32(np.sin(angle))
        # Bent unequally, so that the holes differ in size.
        waves = waves + np.cos(along * np.float32(2 * np.pi / period) + np.float32(0.6 + 0.6 * third) * bend)
    return np.clip(0.4 + waves / 2.4, 0, 1)


def network(ground, generator):
    """Pigment network: dark lines round pale holes, fading towards the centre."""
    lines = 1 - honeycomb(ground, generator, generator.uniform(0.19, 0.28))
    return lines * ground.inside * np.clip(1.3 - ground.depth, 0.2, 1)


def globules(ground, generator):
    """Round brown clods, scattered evenly."""
    return _discs(ground, generator, generator.integers(18, 36), (0.045, 0.085), 1.0)


def streaks(ground, generator):
    """Radial lines over a stretch of the border."""
    sheet = ground.sheet()
    middle, width = generator.uniform(0, 2 * np.pi), generator.uniform(0.9, 2.4)
    for angle in (
        middle + np.linspace(-width, width, int(10 * width)) + generator.normal(0, 0.06, int(10 * width))
    ):
        ends = np.outer(
            [generator.uniform(0.55, 0.75), generator.uniform(1.05, 1.4)], [np.cos(angle), np.sin(angle)]
        )
        sheet.line(ground.at(ends), 0.055 * ground.px)
    return sheet.coverage() * np.clip(1.2 + ground.depth * 3.5, 0, 1)


def veil(ground, generator):
    """Blue-white veil: one smooth patch, off the centre."""
    (x, y), size = scattered(generator, 1, 0.45)[0].tolist(), generator.uniform(0.35, 0.6)
    away = np.hypot(ground.x - x, ground.y - y) / size + 0.25 * ground.noise(generator, 9)
    return np.clip(1.6 - away, 0, 1) * ground.inside


def arborising_vessels(ground, generator):
    """Thick red vessels that come in from the border and branch."""
    sheet = ground.sheet()
    for angle in generator.uniform(0, 2 * np.pi, generator.integers(3, 6)):
        start = 1.0 * np.array([np.cos(angle), np.sin(angle)])
        _branch(sheet, ground, generator, start, angle + np.pi, 0.06, 9, twigs=3)
    return sheet.coverage()


def _branch(sheet, ground, generator, start, heading, thickness, steps, twigs):
    headings = heading + np.cumsum(generator.normal(0, 0.4, steps))
    points = start + np.cumsum(0.14 * np.stack([np.cos(headings), np.sin(headings)], axis=1), axis=0)
    sheet.line(ground.at(points), thickness * ground.px)
    for at in generator.integers(1, steps - 2, twigs):
        side = headings[at] + generator.choice([-0.9, 0.9])
        _branch(sheet, ground, generator, points[at], side, 0.7 * thickness, 5, twigs=0)


def ovoid_nests(ground, generator):
    """A few large blue-grey ovals."""
    sheet = ground.sheet()
    for x, y in ground.at(scattered(generator, generator.integers(3, 8), 0.8)):
        wide, high = generator.uniform(0.09, 0.24, 2) * ground.px
        sheet.oval(x, y, wide, high, generator.uniform(0.7, 1))
    return sheet.coverage() * np.clip(0.6 + ground.depth * 4, 0, 1)


def scale(ground, generator):
    """Fine white flakes on the surface."""
    flakes = ground.noise(generator, 30) + 0.6 * ground.noise(generator, 8)
    return np.clip((flakes - 0.7) * 1.6, 0, 1) * np.clip(0.3 + ground.depth * 3, 0, 1)


def strawberry(ground, generator):
    """Red pseudonetwork: red between pale follicle openings."""
    return (1 - honeycomb(ground, generator, generator.uniform(0.24, 0.36))) * np.clip(
        0.4 + ground.depth * 3, 0, 1
    )


def milia_cysts(ground, generator):
    """White round dots."""
    return _discs(ground, generator, generator.integers(8, 18), (0.04, 0.085), 0.9)


def comedo_openings(ground, generator):
    """Dark round plugs, fewer and larger than cysts."""
    return _discs(ground, generator, generator.integers(5, 12), (0.06, 0.11), 0.85)


def _discs(ground, generator, count, radii, spread):
    sheet = ground.sheet()
    for x, y in ground.at(scattered(generator, count, spread)):
        sheet.disc(x, y, generator.uniform(*radii) * ground.px)
    return sheet.coverage() * ground.inside


def ridges(ground, generator):
    """Cerebriform surface: winding dark furrows."""
    height = ground.noise(generator, 8) * 3.2 + ground.noise(generator, 4) * 2
    return np.clip(np.sin(height * 2.2) * 1.3 - 0.2, 0, 1) * ground.inside


def scar(ground, generator):
    """Central white scar-like patch."""
    away = np.hypot(ground.x, ground.y * generator.uniform(0.9, 1.5)) / generator.uniform(0.3, 0.5)
    return np.clip(1.5 - away + 0.25 * ground.noise(generator, 12), 0, 1)


def lacunae(ground, generator):
    """Packed red to purple lagoons."""
    sheet = ground.sheet()
    for x, y in ground.at(scattered(generator, generator.integers(14, 26), 0.95)):
        sheet.disc(x, y, generator.uniform(0.12, 0.22) * ground.px, generator.uniform(0.4, 1))
    return sheet.coverage() * ground.inside


def keratin(ground, generator):
    """A rough white to yellow mass in the middle."""
    x, y = scattered(generator, 1, 0.25)[0].tolist()
    away = np.hypot(ground.x - x, ground.y - y) / generator.uniform(0.3, 0.6)
    lumps = 0.45 * ground.noise(generator, 14) + 0.3 * ground.noise(generator, 28)
    return np.clip((1.1 - away + lumps) * 2.5, 0, 1) * np.clip(1 + ground.depth * 5, 0, 1)


def looped_vessels(ground, generator):
    """Short hairpins, scattered over the outer part."""
    sheet = ground.sheet()
    turn = np.linspace(0, 1.5 * np.pi, 7)
    hook = np.stack([np.cos(turn), 1.5 * np.sin(turn)], axis=1)
    for middle in scattered(generator, generator.integers(10, 20), 1.0):
        sheet.line(
            ground.at(middle + 0.08 * hook @ _rotation(generator.uniform(0, 2 * np.pi))), 0.045 * ground.px
        )
    return sheet.coverage() * np.clip(0.8 + ground.depth * 4, 0, 1)


def _rotation(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
