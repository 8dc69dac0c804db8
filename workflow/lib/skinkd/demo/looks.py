"""How a lesion of each class looks, as numbers drawn from overlapping distributions."""

from dataclasses import dataclass, field, replace

import numpy as np

ATYPICAL = 0.10  # the mean share of a mimic's look in a lesion's own; tunes how far the classes overlap


@dataclass(frozen=True)
class Kind:
    """What is typical of a class: ranges, palettes (8-bit RGB), and how often each structure shows."""

    radius: tuple[float, float]
    irregularity: tuple[float, float]
    softness: tuple[float, float]
    opacity: tuple[float, float]
    variegation: tuple[float, float]
    cores: list
    rims: list
    patches: list
    structures: dict
    mimics: tuple
    halo: tuple[float, float] = (0.0, 0.15)


@dataclass(frozen=True)
class Look:
    """One lesion.

    Args:
        shape: radius; elongation; irregularity of the outline and softness of the edge, in radii;
            opacity; variegation, the share of the second colour; halo, the redness around; patchiness.
        colours: core, rim and patch, (3, 3), 8-bit RGB.
        amounts: each structure's strength, 0 to 1.
    """

    shape: dict
    colours: np.ndarray
    amounts: dict = field(default_factory=dict)


BROWNS = [(120, 70, 45), (150, 95, 60), (105, 60, 45), (165, 100, 75)]
TANS = [(185, 130, 95), (175, 120, 90), (190, 140, 110)]
DARKS = [(60, 40, 38), (75, 45, 40), (50, 40, 50)]
BLUES = [(95, 100, 125), (110, 110, 130), (80, 80, 105)]
PINKS = [(215, 140, 140), (210, 130, 125), (220, 155, 150)]
REDS = [(190, 85, 85), (200, 100, 95), (180, 80, 75)]
PURPLES = [(150, 30, 60), (175, 35, 70), (95, 25, 60), (190, 50, 80)]
CREAMS = [(235, 215, 195), (240, 225, 205)]

KINDS = {
    "MEL": Kind(
        radius=(0.85, 1.15), irregularity=(0.12, 0.26), softness=(0.08, 0.3), opacity=(0.8, 1.0),
        variegation=(0.5, 1.0), cores=DARKS + BROWNS[2:3], rims=BROWNS,
        patches=BLUES + PINKS[:1] + CREAMS[:1],
        structures={"network": 0.35, "globules": 0.3, "streaks": 0.6, "veil": 0.65, "looped_vessels": 0.1},
        mimics=("NV", "BKL", "BCC"),
    ),
    "NV": Kind(
        radius=(0.6, 1.0), irregularity=(0.02, 0.10), softness=(0.12, 0.45), opacity=(0.7, 0.95),
        variegation=(0.0, 0.35), cores=BROWNS, rims=BROWNS[1:] + TANS,
        patches=BROWNS + TANS,
        structures={"network": 0.6, "globules": 0.4, "streaks": 0.05},
        mimics=("MEL", "BKL", "DF"),
    ),
    "BCC": Kind(
        radius=(0.7, 1.1), irregularity=(0.05, 0.16), softness=(0.15, 0.5), opacity=(0.5, 0.85),
        variegation=(0.1, 0.6), cores=PINKS + CREAMS[:1], rims=PINKS + TANS[:1],
        patches=BLUES + PINKS + CREAMS,
        structures={"arborising_vessels": 0.8, "ovoid_nests": 0.7, "scale": 0.1, "veil": 0.1},
        mimics=("SCC", "MEL", "BKL"), halo=(0.0, 0.4),
    ),
    "AK": Kind(
        radius=(0.8, 1.2), irregularity=(0.08, 0.22), softness=(0.4, 0.8), opacity=(0.45, 0.75),
        variegation=(0.1, 0.5), cores=REDS + PINKS, rims=PINKS + TANS[:1],
        patches=TANS + REDS,
        structures={"strawberry": 0.9, "scale": 0.5},
        mimics=("SCC", "BKL", "BCC"), halo=(0.15, 0.5),
    ),
    "BKL": Kind(
        radius=(0.75, 1.15), irregularity=(0.06, 0.20), softness=(0.03, 0.14), opacity=(0.65, 0.95),
        variegation=(0.1, 0.5), cores=TANS + BROWNS[1:2], rims=TANS + BROWNS[:2],
        patches=BROWNS + TANS + BLUES[:1],
        structures={"milia_cysts": 0.7, "comedo_openings": 0.65, "ridges": 0.7, "scale": 0.1},
        mimics=("MEL", "NV", "AK"),
    ),
    "DF": Kind(
        radius=(0.6, 0.95), irregularity=(0.03, 0.10), softness=(0.35, 0.7), opacity=(0.5, 0.8),
        variegation=(0.0, 0.3), cores=TANS + PINKS[1:2], rims=BROWNS[1:2] + BROWNS[3:] + TANS,
        patches=PINKS + TANS,
        structures={"scar": 0.95, "network": 0.5},
        mimics=("NV", "BCC", "AK"), halo=(0.0, 0.3),
    ),
    "VASC": Kind(
        radius=(0.45, 0.85), irregularity=(0.03, 0.14), softness=(0.06, 0.25), opacity=(0.75, 1.0),
        variegation=(0.1, 0.6), cores=PURPLES + REDS[:1], rims=PURPLES + REDS,
        patches=PURPLES + DARKS[2:],
        structures={"lacunae": 0.8, "veil": 0.15},
        mimics=("BCC", "MEL", "SCC"), halo=(0.0, 0.3),
    ),
    "SCC": Kind(
        radius=(0.75, 1.15), irregularity=(0.08, 0.22), softness=(0.2, 0.6), opacity=(0.55, 0.9),
        variegation=(0.2, 0.6), cores=REDS + CREAMS, rims=REDS + PINKS,
        patches=CREAMS + REDS + BROWNS[:1],
        structures={"keratin": 0.85, "scale": 0.4, "looped_vessels": 0.75},
        mimics=("AK", "BCC", "VASC"), halo=(0.1, 0.5),
    ),
}  # fmt: skip
# Two kinds of benign keratosis that some archives tell apart: flat, brown and even; raised, sharp and pitted.
KINDS["PBK"] = replace(
    KINDS["BKL"], cores=BROWNS[:3], rims=BROWNS, patches=BROWNS + TANS, variegation=(0.05, 0.35),
    structures={"ridges": 0.85, "network": 0.4, "milia_cysts": 0.25}, mimics=("NV", "MEL", "SK"),
)  # fmt: skip
KINDS["SK"] = replace(
    KINDS["BKL"], cores=TANS, rims=DARKS[1:2] + BROWNS[:1], softness=(0.02, 0.08), opacity=(0.8, 1.0),
    structures={"milia_cysts": 0.85, "comedo_openings": 0.9, "keratin": 0.3}, mimics=("PBK", "MEL", "AK"),
)  # fmt: skip


def draw_look(label: str, generator) -> Look:
    """A lesion of class `label`, mixed to a random degree with a class that mimics it."""
    own = _typical(KINDS[label], generator)
    mimic = _typical(KINDS[str(generator.choice(KINDS[label].mimics))], generator)
    return _mixed(own, mimic, share=generator.beta(1.5, 1.5 * (1 - ATYPICAL) / ATYPICAL))


def _typical(kind: Kind, generator) -> Look:
    ranges = ("radius", "irregularity", "softness", "opacity", "variegation", "halo")
    shape = {name: generator.uniform(*getattr(kind, name)) for name in ranges}
    shape["elongation"] = generator.uniform(1.0, 1.25)
    shape["patchiness"] = shape["softness"] * generator.uniform(0, 1)
    palettes = (kind.cores, kind.rims, kind.patches)
    colours = np.array([palette[generator.integers(len(palette))] for palette in palettes], dtype=np.float32)
    lighter = generator.normal(0, 9, (3, 1)) + generator.normal(0, 4, (3, 3))
    amounts = {
        name: generator.uniform(0.6, 1) * (generator.random() < often)
        for name, often in kind.structures.items()
    }
    return Look(shape, colours + lighter.astype(np.float32), amounts)


def _mixed(own: Look, mimic: Look, share: float) -> Look:
    """`own` with a share of `mimic` in every number."""

    def between(first, second):
        return first + share * (second - first)

    names = sorted(own.amounts | mimic.amounts)
    return Look(
        {name: between(own.shape[name], mimic.shape[name]) for name in own.shape},
        between(own.colours, mimic.colours),
        {name: between(own.amounts.get(name, 0), mimic.amounts.get(name, 0)) for name in names},
    )
