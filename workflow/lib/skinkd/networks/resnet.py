"""Residual networks (He et al., CVPR 2016)."""

from torch import nn

from skinkd.domains import Depth, Head, StrideOn
from skinkd.networks import classifier

HEAD = "fc."
MAP = "layer4"
BLOCKS = {10: [1, 1, 1, 1], 18: [2, 2, 2, 2], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3]}


def resnet(
    classes: int,
    size_px: int,
    *,
    depth: Depth,
    head: Head = "linear",
    stride_on: StrideOn = "conv2",
) -> nn.Module:
    """torchvision's ResNet of a given depth with a new classifier.

    With `dropout_batch_norm` and two classes, ResNet-50 has 23,516,226 trainable parameters and
    ResNet-101 42,508,354. Keras' have 26,560 and 52,672 more: biases of convolutions, which the
    batch norms after them undo.

    Args:
        classes: number of logits.
        size_px: not used; the network pools over whatever it is given.
        depth: 50 for the papers' teachers; 10 (one block a stage) for small studies.
        head: see `skinkd.networks.classifier`.
        stride_on: convolution that halves the resolution in stages 2 to 4: `conv2` in
            torchvision, `conv1` in the original and in Keras' weights.
    """
    from torchvision.models import resnet as family

    block = family.BasicBlock if depth < 50 else family.Bottleneck
    network = family.ResNet(block, BLOCKS[depth], num_classes=classes)
    network.fc = classifier(head, network.fc.in_features, classes)
    if stride_on == "conv1":
        for stage in (network.layer2, network.layer3, network.layer4):
            stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    return network
