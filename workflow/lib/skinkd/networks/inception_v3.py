"""Inception-v3 (Szegedy et al., CVPR 2016)."""

from torch import Tensor, nn
from torch.nn import functional

from skinkd.domains import Head, Switch
from skinkd.networks import classifier, require_size

HEAD = ("fc.", "AuxLogits.")
MAP = "Mixed_7c"
SHRINKING = (
    *("Conv2d_1a_3x3", "Conv2d_2a_3x3", "maxpool1", "Conv2d_4a_3x3", "maxpool2"),
    *("Mixed_6a", "Mixed_7a"),
)


def inception_v3(classes: int, size_px: int, *, head: Head = "linear", padded: Switch = False) -> nn.Module:
    """torchvision's Inception-v3 without its auxiliary classifier.

    21,793,762 trainable parameters for two classes with `dropout_batch_norm`: Keras'
    21,776,546 and the 17,216 scales of batch norms that Keras leaves out.

    Args:
        classes: number of logits.
        size_px: side of the picture, 75 or more unless `padded`.
        head: see `skinkd.networks.classifier`; dropout 0.5 before `linear`, as in the original.
        padded: whether the layers that use no padding get a pixel on each side, so that
            pictures of any size do; a stand-in for small studies, not in the paper.
    """
    from torchvision.models.inception import Inception3

    if not padded:
        require_size("inception_v3", size_px, 75, "give the network `padded: true`")
    # Its weights were trained on pixels in [-1, 1]; transform_input takes them there from ours.
    network = Inception3(classes, aux_logits=False, transform_input=True, init_weights=True, dropout=0.0)
    network.fc = classifier(head, network.fc.in_features, classes, dropout=0.5)
    for name in SHRINKING if padded else ():
        network.get_submodule(name).register_forward_pre_hook(_pad)
    return network


def _pad(module: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    """A layer's input with a pixel of zeros on each side.

    Poolings may have zeros too: what they are given has passed a ReLU.
    """
    return (functional.pad(inputs[0], (1, 1, 1, 1)),)
