"""The networks that are benchmarked: those of the papers, and a small one that shows what the input costs."""

from torch import nn

from skinkd.networks import build_network

SMALL = "three_layers"
PARAMETERS = {"resnet": {"depth": 50}}


def network_of(name: str, classes: int, size_px: int) -> nn.Module:
    """A network at the papers' scale, from torch's global random state."""
    if name == SMALL:
        return three_layers(classes, size_px)
    return build_network(name, classes, size_px, PARAMETERS.get(name, {}))


def three_layers(classes: int, size_px: int) -> nn.Module:
    """Three valid, strided 3×3 convolutions, a pooling, a linear layer.

    For 8 classes at 224 px: 0.139 × 10⁹ multiply-accumulates, 256,200 parameters; an eighth of DSNet's
    arithmetic, so that decoding, augmentation and teacher weigh eight times as much.
    """
    side = size_px
    for _ in range(3):
        side = (side - 3) // 2 + 1
    return nn.Sequential(
        *(nn.Conv2d(3, 32, 3, stride=2), nn.ReLU()),
        *(nn.Conv2d(32, 80, 3, stride=2), nn.ReLU()),
        *(nn.Conv2d(80, 112, 3, stride=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(112 * (side // 2) ** 2, classes)),
    )
