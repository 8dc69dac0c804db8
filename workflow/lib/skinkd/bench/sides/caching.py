"""The job that caches a teacher's logits, without the start of its process."""

from skinkd.bench.ours import cache, device_of, path_to_targets
from skinkd.bench.scene import VALIDATED, Scene


def prepare(scene: dict, size_px: int, device: str = "cpu"):
    """The teacher looks at one view of every picture of the scene each time."""
    scene, device = Scene(**scene), device_of(device)

    def work() -> dict:
        path = path_to_targets(scene, size_px)
        cache(scene, size_px, device, path)
        path.unlink()
        return {"images": scene.times * scene.pictures + VALIDATED}

    return work
