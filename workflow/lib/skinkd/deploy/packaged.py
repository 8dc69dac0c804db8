"""A network with all that stands between a picture and a probability inside."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skinkd.dataset import DEVIATION, MEAN
from skinkd.grad_cam import channel_weights
from skinkd.networks import Features

# As far as float32 tells two gradients of one linear map apart.
SAME = 1e-5


class PackagedNetwork(nn.Module):
    """Takes uint8 pictures, gives calibrated probabilities, logits, and Grad-CAM where that is a formula.

    Args:
        network: one that `build_network` made; it is put into evaluation mode.
        size_px: side of its pictures.
        temperature: that its logits are divided by before the softmax.

    Attributes:
        outputs: names of what `forward` returns, in its order.
    """

    def __init__(self, network: nn.Module, size_px: int, temperature: float):
        super().__init__()
        self.network = network.eval().requires_grad_(False)
        weights = constant_channel_weights(network, size_px)
        self.outputs = ("probabilities", "logits", *(["class_maps"] if weights is not None else []))
        for name, value in (("mean", MEAN), ("deviation", DEVIATION), ("temperature", temperature)):
            self.register_buffer(name, torch.tensor(value, dtype=torch.float32))
        self.register_buffer("channel_weights", weights)
        # torch's exporter gives a package back in the mode in which it got it.
        self.eval()

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Probabilities and logits, (n, C), and perhaps each class's map, (n, C, H, W) in [0, 1].

        Args:
            pictures: (n, S, S, 3) uint8, RGB, of the packed size.
        """
        features = Features(self.network)
        logits = self.network(self.normalised(pictures))
        features.remove()
        probabilities = (logits / self.temperature).softmax(dim=1)
        if self.channel_weights is None:
            return probabilities, logits
        return probabilities, logits, self._class_maps(features.map)

    def normalised(self, pictures: Tensor) -> Tensor:
        """Pictures as the network was trained on them, (n, 3, S, S) float32."""
        return ((pictures.float() / 255 - self.mean) / self.deviation).permute(0, 3, 1, 2)

    def _class_maps(self, maps: Tensor) -> Tensor:
        """Grad-CAM of every class, as `skinkd.grad_cam.class_maps`."""
        evidence = F.relu(F.conv2d(maps, self.channel_weights[:, :, None, None]))
        most = evidence.amax(dim=(2, 3), keepdim=True)
        # Where nothing speaks for a class, zero over this is zero.
        return evidence / most.clamp(min=torch.finfo(torch.float32).tiny)


def constant_channel_weights(network: nn.Module, size_px: int) -> Tensor | None:
    """Grad-CAM's weights of every class, (C, K), where they are the same for all pictures; else None.

    They are where only linear layers follow the last map, as in most networks; two pictures of noise tell.
    """
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randn(2, 3, size_px, size_px, generator=generator)
    with torch.no_grad():
        classes = network(pictures).shape[1]
    first, second = (
        channel_weights(network, picture.expand(classes, -1, -1, -1), torch.arange(classes))[0]
        for picture in pictures
    )
    return first if (first - second).abs().max() <= SAME * first.abs().max() else None
