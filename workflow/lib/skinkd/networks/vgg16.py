"""The convolutional part of VGG-16 (Simonyan & Zisserman, ICLR 2015)."""

from collections import OrderedDict

from torch import nn

from skinkd.domains import Head, Positive
from skinkd.networks import classifier, require_size, scaled

HEAD = "classifier."
MAP = "features"
STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def vgg16(classes: int, size_px: int, *, head: Head = "linear", width: Positive = 1.0) -> nn.Module:
    """Thirteen 3×3 convolutions in five pooled stages, the mean over the map, a classifier.

    The three large linear layers of the original are left out, as the size printed for it
    shows (14M+): 14,716,738 trainable parameters for two classes with `dropout_batch_norm`.
    Names of the parameters are torchvision's, whose weights fit.

    Source: Khan et al., DSNet, arXiv:2210.08086, section 3.2.

    Args:
        classes: number of logits.
        size_px: side of the picture, 32 or more; the network pools over its last map.
        head: see `skinkd.networks.classifier`.
        width: multiplier of all channel counts; 1 in the paper.
    """
    require_size("vgg16", size_px, 32)
    channels = [scaled(count, width) for count, _ in STAGES]
    stages = zip([3, *channels], channels, (convolutions for _, convolutions in STAGES), strict=False)
    return nn.Sequential(
        OrderedDict(
            features=nn.Sequential(*(layer for stage in stages for layer in _stage(*stage))),
            pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            classifier=classifier(head, channels[-1], classes),
        )
    )


def _stage(before: int, after: int, convolutions: int) -> list[nn.Module]:
    """Convolutions of one width, halved at the end."""
    layers = []
    for channels in (before, *[after] * (convolutions - 1)):
        layers += [nn.Conv2d(channels, after, 3, padding=1), nn.ReLU(inplace=True)]
        # Without batch norm, thirteen layers pass a signal on only if each keeps its variance.
        nn.init.kaiming_normal_(layers[-2].weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(layers[-2].bias)
    return [*layers, nn.MaxPool2d(2)]
