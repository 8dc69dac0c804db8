"""What a data set of files does with each picture before its augmentation: PIL open and resize."""

from PIL import Image

from skinkd.bench.scene import Scene


def prepare(scene: dict, size_px: int):
    """Every picture of the scene once each time."""
    paths = sorted(Scene(**scene).jpegs.iterdir())

    def work() -> dict:
        for path in paths:
            with path.open("rb") as file:
                Image.open(file).convert("RGB").resize((size_px, size_px), Image.Resampling.BILINEAR)
        return {"images": len(paths)}

    return work
