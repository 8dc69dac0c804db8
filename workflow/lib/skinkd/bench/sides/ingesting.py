"""The pipeline's ingest of an archive: decoded whole, checked, stretched, packed, digested, written."""

import tempfile
from pathlib import Path

from skinkd.bench.scene import VALIDATED, Scene, ingest_scene


def prepare(scene: dict, size_px: int):
    """Every picture of the scene once each time."""
    scene = Scene(**scene)

    def work() -> dict:
        with tempfile.TemporaryDirectory(dir=scene.folder) as folder:
            names = {"array": "images.npy", "table": "images.csv", "manifest": "manifest.json"}
            ingest_scene(scene, size_px, {key: Path(folder, name) for key, name in names.items()})
        return {"images": scene.pictures + VALIDATED}

    return work
