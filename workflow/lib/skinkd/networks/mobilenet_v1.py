"""MobileNet, the first version (Howard et al., arXiv:1704.04861)."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from skinkd.domains import Head, Positive
from skinkd.networks import classifier, scaled

HEAD = "classifier."
MAP = "blocks"
STAGES = ((64, 1, 1), (128, 2, 2), (256, 2, 2), (512, 6, 2), (1024, 2, 2))  # channels, blocks, stride


def mobilenet_v1(classes: int, size_px: int, *, head: Head = "linear", width: Positive = 1.0) -> nn.Module:
    """One convolution and thirteen depthwise separable ones, the mean over the map, a classifier.

    3,211,074 trainable parameters for two classes with `dropout_batch_norm`, as in Keras.
    Names of the parameters are those of timm's `mobilenetv1_100`, whose weights fit.

    Args:
        classes: number of logits.
        size_px: not used; the network pools over whatever it is given.
        head: see `skinkd.networks.classifier`.
        width: multiplier of all channel counts; 1 in DSNet's student.
    """
    # ASSUME: Keras' MobileNet pads below and to the right where it halves the map; ours pads all
    # sides, as the public weights for torch do. Sizes of maps and counts are the same.
    stem = scaled(32, width)
    channels = [scaled(count, width) for count, _, _ in STAGES]
    stages = [
        _stage(before, after, blocks, stride)
        for before, after, (_, blocks, stride) in zip([stem, *channels], channels, STAGES, strict=False)
    ]
    return nn.Sequential(
        OrderedDict(
            rescale=Rescale(),
            conv_stem=nn.Conv2d(3, stem, 3, stride=2, padding=1, bias=False),
            bn1=nn.BatchNorm2d(stem),
            act1=nn.ReLU6(inplace=True),
            blocks=nn.Sequential(*stages),
            pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            classifier=classifier(head, channels[-1], classes),
        )
    )


class Rescale(nn.Module):
    """From ImageNet's mean and deviation to pixels in [-1, 1], which MobileNet's weights were trained on."""

    def __init__(self):
        super().__init__()
        mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        self.register_buffer("factor", (2 * deviation)[:, None, None], persistent=False)
        self.register_buffer("shift", (2 * mean - 1)[:, None, None], persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """(batch, 3, S, S) to the same."""
        return pictures * self.factor + self.shift


def _stage(before: int, after: int, blocks: int, stride: int) -> nn.Sequential:
    """Depthwise separable blocks of one width; the first strides."""
    following = [_block(after, after, 1) for _ in range(blocks - 1)]
    return nn.Sequential(_block(before, after, stride), *following)


def _block(before: int, after: int, stride: int) -> nn.Sequential:
    """A 3×3 convolution in each channel, then a 1×1 convolution across them."""
    return nn.Sequential(
        OrderedDict(
            conv_dw=nn.Conv2d(before, before, 3, stride=stride, padding=1, groups=before, bias=False),
            bn1=nn.BatchNorm2d(before),
            act1=nn.ReLU6(inplace=True),
            conv_pw=nn.Conv2d(before, after, 1, bias=False),
            bn2=nn.BatchNorm2d(after),
            act2=nn.ReLU6(inplace=True),
        )
    )
