"""A trained network that only looks: a teacher."""

import torch
from torch import Tensor, nn

from skinkd.folding import folded
from skinkd.networks import Features

# A few pictures at a time stay in a CPU's cache from layer to layer: eight of 224 px.
PIXELS_AT_ONCE = 8 * 224**2


class Frozen(nn.Module):
    """A network that no training changes: norms folded, weights in the precision that they are used in.

    Its logits and last map are the network's, up to rounding, in evaluation mode, without gradients.

    Args:
        network: one that `build_network` made; it is copied.
        device: `skinkd.device.Device` to look on, and in which precision.
    """

    last_map = "map"

    def __init__(self, network: nn.Module, device):
        super().__init__()
        self.network = _cast(folded(network), device).to(device.name, memory_format=torch.channels_last)
        self.device, self.map = device, nn.Identity()
        self._features = Features(self.network)
        self.eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, pictures: Tensor) -> Tensor:
        """Normalised pictures (batch, 3, S, S) to logits (batch, classes)."""
        at_once = len(pictures) if pictures.is_cuda else max(1, PIXELS_AT_ONCE // pictures[0, 0].numel())
        logits, maps = [], []
        with self.device.autocast():
            for some in pictures.split(at_once):
                logits.append(self.network(some))
                maps.append(self._features.map)
        self.map(torch.cat(maps))
        return torch.cat(logits)


def _cast(network: nn.Module, device) -> nn.Module:
    """The network with those weights in half precision that autocast would cast in each pass anew."""
    for layer in network.modules():
        if device.precision == "bfloat16" and isinstance(layer, nn.Conv2d | nn.Linear):
            layer.to(torch.bfloat16)
    return network
