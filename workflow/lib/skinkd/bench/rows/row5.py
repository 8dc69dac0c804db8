"""Ingest against PIL's open and resize, pictures per second and core."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from skinkd.bench.comparing import PER_CORE, Row, compare
from skinkd.bench.crew import Side
from skinkd.bench.experiments import LARGE_PX, Experiment
from skinkd.bench.scene import Scene, draw_scene

# Width of the files in px, pictures. Their heights are three quarters of it.
SETTINGS = ((600, 64), (1366, 64))


def experiments(scene: Scene) -> list[Experiment]:
    """One for each size of the files."""
    return [_of_width(scene, *setting) for setting in SETTINGS]


def _of_width(scene: Scene, width_px: int, pictures: int) -> Experiment:
    """Its own pictures, few of them."""
    few = replace(
        scene, folder=str(Path(scene.folder, f"wide-{width_px}")), pictures=pictures, width_px=width_px
    )
    sides = {"ours": Side("ingesting", few.at(LARGE_PX)), "pil": Side("resizing", few.at(LARGE_PX))}
    rows, prepare = partial(_rows, width_px), partial(draw_scene, few)
    return Experiment(f"row5_ingest_{width_px}", sides, rows, 2, prepare=prepare)


def _rows(width_px: int, turns: list[dict]) -> list[Row]:
    """One row."""
    what = f"{width_px}×{width_px * 3 // 4} JPEGs to 224 px: ingest, PIL open and resize"
    note = "Ours also checks, digests and writes."
    name = f"row5_ingest_{width_px}"
    return [compare(turns, "ours", "pil", PER_CORE, "ours / other", name=name, what=what, note=note)]
