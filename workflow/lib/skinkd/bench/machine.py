"""What the numbers were measured on, and with which settings. No date: equal machines give equal bytes."""

import os

import torch

from skinkd.bench.comparing import Row
from skinkd.bench.ours import BATCH
from skinkd.bench.scene import Scene
from skinkd.device import describe_hardware
from skinkd.provenance import versions

HOW = (
    "Both sides of a row take turns, each in processes of its own; a turn before the first is not counted.",
    "ratio is the median of the turns' ratios; low and high are the smallest and the greatest of them.",
    "ours and other are medians of the turns, in unit.",
    "CPU time is that of a side's processes and of their workers; every process computes with one thread, "
    "but for the rows that say otherwise.",
    "A step of ours is one within an epoch, with its share of drawing views; an epoch's first step and its "
    "middle one, which also weighs the terms, are left out.",
)


def describe_machine() -> dict:
    """Hardware, versions and threads."""
    name = "cuda" if torch.cuda.is_available() else "cpu"
    return {
        "hardware": describe_hardware(name),
        "versions": versions() | {"torchdistill": version_of("torchdistill")},
        "threads_per_process": 1,
        "cores": os.cpu_count(),
    }


def version_of(package: str) -> str:
    """The version of an installed package, or that there is none."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def describe_settings(scene: Scene, repeats: int) -> dict:
    """What the sides were given."""
    bytes_each = [path.stat().st_size for path in scene.jpegs.iterdir()]
    return {
        "repeats": repeats,
        "batch": BATCH,
        "augmentation": "ssd_kd",
        "pictures": scene.pictures,
        "jpeg_px": [scene.width_px, scene.width_px * 3 // 4],
        "jpeg_kb": round(sum(bytes_each) / len(bytes_each) / 1000, 1),
        "how": list(HOW),
    }


def described(rows: list[Row]) -> list[dict]:
    """Both sides, goal, floor and note of each row."""
    return [row.described() for row in rows]
