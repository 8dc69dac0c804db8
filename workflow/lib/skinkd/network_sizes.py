"""How large the networks are, known without building them, for sums before the first job."""

from typing import NamedTuple


class Size(NamedTuple):
    """What a network takes: numbers in its state, and what a backward pass keeps.

    Attributes:
        weights: parameters and the buffers that are saved with them.
        bytes_per_pixel: of what a training step keeps, for each pixel of its batch, in float32.
        weights_per_pixel: of one picture, where a classifier takes the whole last map.
    """

    weights: float
    bytes_per_pixel: float
    weights_per_pixel: float = 0


# Measured with eight classes; of the networks that have a width, at width 1.
MEASURED = {
    ("resnet", 10): Size(4.92e6, 322),
    ("resnet", 18): Size(11.2e6, 443),
    ("resnet", 50): Size(23.6e6, 1716),
    ("resnet", 101): Size(42.6e6, 2537),
    ("mobilenet_v1", None): Size(3.24e6, 1216),
    ("mobilenet_v2", None): Size(2.27e6, 1561),
    ("vgg16", None): Size(14.7e6, 1456),
    ("inception_v3", None): Size(21.8e6, 1439),
    ("efficientnet", "b0"): Size(4.06e6, 1761),
    ("efficientnet", "b7"): Size(64.1e6, 10625),
    ("dsc", None): Size(3.29e6, 1159, weights_per_pixel=1024),
    ("dsnet", None): Size(0.0745e6, 1018, weights_per_pixel=14.22),
}
# Of a network that somebody added: nothing certain is known.
UNKNOWN = Size(0, 0)


def size_of(spec: dict, size_px: int) -> Size:
    """How large a network is: at its papers' width within a tenth; rougher, and mostly more, for others.

    Args:
        spec: `name` and `parameters`, as the config has them.
        size_px: side of the pictures.
    """
    parameters = spec["parameters"]
    # An EfficientNet's depth counts its blocks beside those of its variant.
    variant = parameters.get("variant") or (parameters.get("depth") if spec["name"] == "resnet" else None)
    size, width = MEASURED.get((spec["name"], variant), UNKNOWN), parameters.get("width", 1.0)
    weights = size.weights + size.weights_per_pixel * size_px**2
    return Size(weights * width * max(width, 1.0), size.bytes_per_pixel * width)
