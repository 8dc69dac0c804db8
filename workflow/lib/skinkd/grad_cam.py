"""Where a network looks: Grad-CAM.

Source: Selvaraju et al., Grad-CAM, ICCV 2017, equations 1 and 2.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skinkd.networks import evaluating


def class_maps(network: nn.Module, pictures: Tensor, classes: Tensor) -> Tensor:
    """The map of one class for each picture, (n, H, W) in [0, 1], at the resolution of the last map.

    ReLU of the map's channels summed with their weights, divided by the largest value of the picture.
    A picture in which nothing speaks for the class has zeros everywhere.

    Args:
        network: one that `build_network` made; its modes, parameters, gradients and hooks stay as they were.
        pictures: (n, 3, S, S) normalised, float32.
        classes: (n,), index of the class of each picture's map.
    """
    weights, maps = channel_weights(network, pictures, classes)
    evidence = F.relu((weights[:, :, None, None] * maps).sum(dim=1))
    most = evidence.amax(dim=(1, 2), keepdim=True)
    return torch.where(most > 0, evidence / most, 0.0)


def channel_weights(network: nn.Module, pictures: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    """The weight of each channel, (n, K), and the last map, (n, K, H, W).

    A weight is the mean over the positions of the gradient of the class's logit.
    """
    seen = []

    def cut(_module, _inputs, output):
        seen.append(output.detach().requires_grad_())
        # A layer that works in place would destroy the map, and may not touch a leaf; it gets a copy.
        return seen[-1].clone()

    layer = network.get_submodule(network.last_map)
    with evaluating(network), torch.enable_grad(), layer.register_forward_hook(cut):
        logits = network(pictures)
        # In evaluation mode no picture sees another one, so that the sum has each picture's own gradient.
        (gradient,) = torch.autograd.grad(logits.gather(1, classes[:, None]).sum(), seen[-1])
    return gradient.mean(dim=(2, 3)), seen[-1].detach()


def upsampled(maps: Tensor, side_px: int) -> Tensor:
    """Maps (n, H, W) at the resolution of a picture, (n, side_px, side_px), bilinear."""
    return F.interpolate(maps[:, None], (side_px, side_px), mode="bilinear", align_corners=False)[:, 0]
