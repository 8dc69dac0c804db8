"""CRKD: the channels of the student's map relate to each other as the teacher's do."""

import torch
from torch import Tensor

from skinkd.adapters import adapt
from skinkd.domains import Adapter, Normalisation


def channel_relation(
    student_map: Tensor, teacher_map: Tensor, *, adapter: Adapter, normalisation: Normalisation
) -> Tensor:
    """Difference of the inner products of all pairs of channels, ‖R_t - R_s‖ with R = F Fᵀ.

    Source: Wang et al., SSD-KD, MedIA 2023, equations 6 to 8.

    Args:
        student_map: (pictures, K of the student, H, W).
        teacher_map: (pictures, K, H, W); treated as constants.
        adapter: a word in the config, here the trained module that gives the student's map the
            teacher's channels.
        normalisation: `printed` is equation 8's ‖R_t - R_s‖ / (K H W) of a picture. `coded` is what the
            authors' code computes: the root of the mean of (R_t - R_s)² over pictures and pairs of
            channels, / (K H W). For pictures of equal norms the first is K times as large, so a weight
            belongs to one of them only.

    # ASSUME: Equation 8 sums over the pictures, as equations 2 and 3 do; all three are means here, which
    # keeps their weights. As a sum beside means it would be larger by the number of pictures again.

    Returns:
        (pictures,) for `printed`; a scalar for `coded`. At least 0; in squared units of the teacher's map.

    Raises:
        InputError: where the maps differ in height or width.
    """
    teacher_map = teacher_map.detach()
    squared = squared_gap(adapt(adapter, student_map, teacher_map), teacher_map)
    if normalisation == "printed":
        return root(squared) / teacher_map[0].numel()
    return root(squared.mean() / teacher_map.shape[1] ** 2) / teacher_map[0].numel()


def squared_gap(student_map: Tensor, teacher_map: Tensor) -> Tensor:
    """‖F_t F_tᵀ - F_s F_sᵀ‖² of each picture, (pictures,), in products no larger than HW × HW.

    With A = F_t - F_s and S = F_t + F_s it is (⟨AᵀA, SᵀS⟩ + ⟨AᵀS, SᵀA⟩) / 2. The difference A is
    taken first, so that little is lost where the maps nearly coincide.
    """
    gap = (teacher_map - student_map).flatten(2)
    total = (teacher_map + student_map).flatten(2)
    across = gap.mT @ total
    return (gap.mT @ gap * (total.mT @ total) + across * across.mT).sum(dim=(1, 2)) / 2


def root(squared: Tensor) -> Tensor:
    """√, and 0 with the gradient 0 where rounding leaves nothing above 0: there √ has no gradient."""
    positive = squared > 0
    return torch.where(positive, torch.where(positive, squared, 1).sqrt(), 0)
