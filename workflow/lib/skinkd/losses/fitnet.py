"""FitNets' hint: the student's map imitates the teacher's."""

from torch import Tensor

from skinkd.adapters import adapt
from skinkd.domains import Adapter


def fitnet(student_map: Tensor, teacher_map: Tensor, *, adapter: Adapter) -> Tensor:
    """Mean squared difference of the last convolutional maps.

    Source: Romero et al., FitNets, ICLR 2015, arXiv:1412.6550, equation 3 (printed as half the
    sum of squares), as a mean over channels and positions in the code of SSD-KD.

    Args:
        student_map: (pictures, K of the student, H, W).
        teacher_map: (pictures, K, H, W); treated as constants.
        adapter: a word in the config, here the trained module that gives the student's map the
            teacher's channels.

    Returns:
        (pictures,), at least 0; in squared units of the teacher's map.

    Raises:
        InputError: where the maps differ in height or width.
    """
    teacher_map = teacher_map.detach()
    return (adapt(adapter, student_map, teacher_map) - teacher_map).square().mean(dim=(1, 2, 3))
