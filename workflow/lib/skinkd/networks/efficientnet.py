"""EfficientNets (Tan & Le, ICML 2019)."""

from functools import partial

from torch import nn

from skinkd.domains import Head, Positive, Variant
from skinkd.networks import classifier

HEAD = "classifier."
MAP = "features"
# Width, depth, dropout before the original classifier, and batch norm as in torchvision's weights.
VARIANTS = {
    "b0": (1.0, 1.0, 0.2, nn.BatchNorm2d),
    "b7": (2.0, 3.1, 0.5, partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)),
}
# Expansion, kernel, stride, channels before, channels after, blocks; Table 1.
STAGES = (
    (1, 3, 1, 32, 16, 1),
    (6, 3, 2, 16, 24, 2),
    (6, 5, 2, 24, 40, 2),
    (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3),
    (6, 5, 2, 112, 192, 4),
    (6, 3, 1, 192, 320, 1),
)


def efficientnet(
    classes: int,
    size_px: int,
    *,
    variant: Variant,
    head: Head = "linear",
    width: Positive = 1.0,
    depth: Positive = 1.0,
) -> nn.Module:
    """torchvision's EfficientNet with a new classifier.

    B7 with `linear` has 63,807,448 trainable parameters for eight classes, as printed by
    Davidi & Park; B0 with `dropout_batch_norm` has 4,012,670 for two, as in Keras.

    Args:
        classes: number of logits.
        size_px: not used; the network pools over whatever it is given.
        variant: `b0` or `b7`.
        head: see `skinkd.networks.classifier`.
        width: multiplier of all channel counts, on top of the variant's; 1 in the papers.
        depth: multiplier of the blocks in a stage, on top of the variant's; 1 in the papers.
    """
    from torchvision.models.efficientnet import EfficientNet, MBConvConfig

    own_width, own_depth, dropout, norm = VARIANTS[variant]
    multipliers = {"width_mult": own_width * width, "depth_mult": own_depth * depth}
    stages = [MBConvConfig(*stage, **multipliers) for stage in STAGES]
    # ASSUME: Davidi & Park cite Melas-Kyriazi's EfficientNet-B7. torchvision's IMAGENET1K_V1 weights of it
    # are his file, so torchvision's network stands for his.
    network = EfficientNet(stages, dropout, norm_layer=norm)
    # ASSUME: Davidi & Park attach a dense layer to the network and say nothing of dropout, which no
    # count shows. Dropout stays as it was before the layer that they replace: 0.5 in B7.
    network.classifier = classifier(head, network.classifier[1].in_features, classes, dropout)
    return network
