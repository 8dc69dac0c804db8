"""Modules that are trained beside a student and thrown away with its loss."""

from torch import Tensor, nn

from skinkd.domains import Adapter
from skinkd.errors import InputError


def build_adapter(kind: Adapter, student_channels: int, teacher_channels: int) -> nn.Module:
    """What gives a student's map as many channels as the teacher's has.

    `linear` is the paper's: "a 1×1 convolution that linearly projects" (Wang et al., SSD-KD,
    MedIA 2023, section 2.3). `convolution_batch_norm_relu` is what the authors' code does.
    # ASSUME: The paper's 1×1 convolution has a bias, as the one in the authors' code has.

    Args:
        kind: as in the config.
        student_channels: K of the student's last convolutional map.
        teacher_channels: K of the teacher's.

    Returns:
        A module from (pictures, student_channels, H, W) to (pictures, teacher_channels, H, W).
    """
    convolution = nn.Conv2d(student_channels, teacher_channels, 1)
    if kind == "linear":
        return convolution
    return nn.Sequential(convolution, nn.BatchNorm2d(teacher_channels), nn.ReLU())


def adapt(adapter: nn.Module, student_map: Tensor, teacher_map: Tensor) -> Tensor:
    """The student's map in the teacher's shape.

    Raises:
        InputError: where the shapes still differ: subtraction would spread the smaller map.
    """
    adapted = adapter(student_map)
    if adapted.shape != teacher_map.shape:
        raise InputError(
            "loss",
            f"the student's map is {tuple(adapted.shape)}, the teacher's {tuple(teacher_map.shape)}",
            "Their channels and positions do not correspond",
            "choose networks that reduce the picture by the same factor",
        )
    return adapted


def projection_head(features: int) -> nn.Module:
    """The self-supervision head: two linear layers as wide as the embedding.

    Source: Xu et al., SSKD, ECCV 2020, section 3, and the authors' code.

    Args:
        features: length of the embedding, and of the projection.
    """
    return nn.Sequential(nn.Linear(features, features), nn.ReLU(), nn.Linear(features, features))
