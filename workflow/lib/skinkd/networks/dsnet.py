"""DSNet, the three-layer student of Khan et al."""

from torch import nn

from skinkd.networks import initialise_as_keras, require_size

HEAD = "classifier."
MAP = "features.7"  # before the dropout


def dsnet(classes: int, size_px: int) -> nn.Module:
    """Three valid 3×3 convolutions, two poolings, one linear layer.

    268,898 trainable parameters for two classes at 224 px, as printed. The text says
    three poolings; the printed count allows two.

    Source: Khan et al., DSNet, arXiv:2210.08086, section 3.1 and Table 2.

    Args:
        classes: number of logits.
        size_px: side of the picture, 18 or more; sets the size of the linear layer.
    """
    require_size("dsnet", size_px, 18)
    side = ((size_px - 2) // 2 - 2) // 2 - 2
    network = nn.Sequential()
    network.add_module(
        "features",
        nn.Sequential(
            *(nn.Conv2d(3, 128, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(128, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(64, 32, 3), nn.ReLU(), nn.Dropout(0.25), nn.Flatten()),
        ),
    )
    network.add_module("classifier", nn.Linear(32 * side * side, classes))
    return network.apply(initialise_as_keras)
