"""DSC, the convolutional network of the Deep Skin Cancer paper."""

from collections import OrderedDict

from torch import nn

from skinkd.domains import Column, Positive
from skinkd.networks import initialise_as_keras, require_size, scaled

HEAD = "classifier."
MAP = "features"

# ASSUME: Table 2 of DSC gives each convolution two numbers of filters, 128, 64 and 32 in one column and
# 64, 32 and 32 in the other; both end in the printed 25,088 features. We take the first, which the text
# repeats ("a filter number of 12823": 128 and citation 23), and run the second as an arm of its own.
FILTERS = {"filters": (128, 64, 32), "activation": (64, 32, 32)}
DENSE = (2048, 1024, 1024)


def dsc(classes: int, size_px: int, *, column: Column = "filters", width: Positive = 1.0) -> nn.Module:
    """Six same-padded 2×2 convolutions in three pooled pairs, then four linear layers.

    54,663,234 trainable parameters for two classes at 224 px by the column of filters,
    54,572,098 by that of activations: more than twice its teacher's.

    Source: Deep Skin Cancer (DSC), Table 2.

    Args:
        classes: number of logits.
        size_px: side of the picture, 8 or more; sets the size of the first linear layer.
        column: column of Table 2 that the numbers of filters are taken from.
        width: multiplier of all filters and linear layers; 1 in the paper.
    """
    require_size("dsc", size_px, 8)
    filters = [scaled(count, width) for count in FILTERS[column]]
    dense = [scaled(count, width) for count in DENSE]
    # ASSUME: Table 2 of DSC ends in a linear layer of two units and an output of eight; we take as many
    # units as the data have classes.
    network = nn.Sequential(
        OrderedDict(
            features=_features(*filters),
            dense=_dense(filters[-1] * (size_px // 8) ** 2, *dense),
            classifier=nn.Linear(dense[-1], classes),
        )
    )
    return network.apply(initialise_as_keras)


def _features(first: int, second: int, third: int) -> nn.Sequential:
    """(batch, 3, S, S) to (batch, third, S/8, S/8), rounded down."""
    return nn.Sequential(
        *(*_convolution(3, first), *_convolution(first, first), nn.MaxPool2d(2)),
        *(*_convolution(first, second), *_convolution(second, second)),
        *(nn.BatchNorm2d(second, eps=0.001, momentum=0.01), nn.MaxPool2d(2)),
        *(*_convolution(second, third), *_convolution(third, third), nn.MaxPool2d(2)),
    )


def _convolution(before: int, after: int) -> tuple[nn.Module, ...]:
    """A 2×2 convolution that keeps the size: Keras pads an even kernel below and to the right."""
    # ASSUME: Table 2 of DSC names no activation for its convolutions; we take ReLU, as after its linear
    # layers, because a pair without one would be a single linear map.
    return nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(before, after, 2), nn.ReLU()


def _dense(features: int, first: int, second: int, third: int) -> nn.Sequential:
    """(batch, K, H, W) with `features` values each to (batch, third)."""
    return nn.Sequential(
        *(nn.Flatten(), nn.Linear(features, first), nn.ReLU()),
        *(nn.Linear(first, second), nn.BatchNorm1d(second, eps=0.001, momentum=0.01), nn.ReLU()),
        *(nn.Dropout(0.4), nn.Linear(second, third), nn.ReLU()),
    )
