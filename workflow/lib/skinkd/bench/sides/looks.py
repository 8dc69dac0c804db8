"""Forward passes in evaluation mode: as the pipeline looks, or as torch does by itself."""

import torch
from torch import nn

from skinkd.bench.ours import device_of, synchronise
from skinkd.bench.scene import Scene, parts_of
from skinkd.bench.students import network_of
from skinkd.checkpoints import load_network
from skinkd.device import Device
from skinkd.isic import CLASSES
from skinkd.runs import open_teacher

AT_ONCE = 64  # as `predict_logits` does
TEACHER = "teacher"


def prepare(scene: dict, size_px: int, network: str, how: str, pictures: int, device: str = "cpu"):
    """Logits of about `pictures` pictures each time, in batches that are ready.

    Args:
        network: `teacher` stands for the scene's teacher.
        how: `ours`, as the pipeline opens it; `plain`, float32 in torch's own format.
    """
    # The plain way is not set up by `choose_device`.
    chosen = device_of(device) if how == "ours" else Device(device, "float32")
    scene = Scene(**scene)
    torch.manual_seed(0)
    opened = (open_ours if how == "ours" else open_plain)(scene, size_px, network, chosen)
    part = parts_of(scene, size_px, chosen.name, "identity")["train"]
    batch = part.batch(torch.arange(min(AT_ONCE, len(part))))
    if how == "plain":
        batch = batch.contiguous()
    passes = max(1, pictures // len(batch))
    return lambda: {"images": look(opened, chosen, batch, passes)}


def open_ours(scene: Scene, size_px: int, network: str, device: Device) -> nn.Module:
    """A network as the pipeline opens it."""
    if network == TEACHER:
        return open_teacher(scene.path_to_teacher(size_px), None, device).network
    return device.place(network_of(network, len(CLASSES), size_px)).eval()


def open_plain(scene: Scene, size_px: int, network: str, device: Device) -> nn.Module:
    """The same network as torch builds it."""
    if network == TEACHER:
        return load_network(scene.path_to_teacher(size_px))[0].eval().to(device.name)
    return network_of(network, len(CLASSES), size_px).eval().to(device.name)


@torch.inference_mode()
def look(network: nn.Module, device: Device, batch: torch.Tensor, passes: int) -> int:
    """Look at a batch again and again; how many pictures that were."""
    for _ in range(passes):
        with device.autocast():
            network(batch)
    synchronise(device)
    return passes * len(batch)
