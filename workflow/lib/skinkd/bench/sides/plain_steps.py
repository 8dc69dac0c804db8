"""Forward, backward and optimiser as torch does them by itself: float32, its own format, ready pictures."""

import torch
import torch.nn.functional as F

from skinkd.bench.ours import BATCH, synchronise
from skinkd.bench.scene import Scene, parts_of
from skinkd.bench.students import network_of
from skinkd.device import Device
from skinkd.isic import CLASSES


def prepare(scene: dict, size_px: int, network: str, steps: int, batch: int = BATCH, device: str = "cpu"):
    """`steps` steps each time."""
    # Not by way of `choose_device`, which sets this process up for our way to work.
    chosen = Device(device, "float32")
    part = parts_of(Scene(**scene), size_px, chosen.name, "identity")["train"]
    pictures, labels = part.batch(torch.arange(batch)).contiguous(), part.labels[:batch]
    torch.manual_seed(0)
    student = network_of(network, len(CLASSES), size_px).to(chosen.name).train()
    optimizer = torch.optim.SGD(student.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-3)

    def work() -> dict:
        for _ in range(steps):
            optimizer.zero_grad()
            F.cross_entropy(student(pictures), labels).backward()
            optimizer.step()
        synchronise(chosen)
        return {"images": steps * batch}

    return work
