"""MobileNetV2 (Sandler et al., CVPR 2018)."""

from torch import nn

from skinkd.domains import Positive, Share

HEAD = "classifier."
MAP = "features"


def mobilenet_v2(classes: int, size_px: int, *, width: Positive = 1.0, dropout: Share = 0.0) -> nn.Module:
    """torchvision's MobileNetV2 with a new linear classifier.

    2,234,120 trainable parameters for 8 classes.

    Args:
        classes: number of logits.
        size_px: not used; the network pools over whatever it is given.
        width: multiplier of all channel counts; 1 in the papers.
        dropout: share of the features dropped before the classifier: none in the code of
            Wang et al., SSD-KD; 0.2 in the original.
    """
    from torchvision.models.mobilenetv2 import MobileNetV2

    network = MobileNetV2(num_classes=classes, width_mult=width)
    linear = nn.Linear(network.last_channel, classes)
    nn.init.normal_(linear.weight, 0, 0.01)
    nn.init.zeros_(linear.bias)
    network.classifier = nn.Sequential(nn.Dropout(dropout), linear) if dropout else linear
    return network
