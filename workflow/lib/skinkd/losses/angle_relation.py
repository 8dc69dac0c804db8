"""RKD's angles: three pictures form the same triangle for the student as for the teacher."""

import torch
import torch.nn.functional as F
from torch import Tensor

from skinkd.relations import centred, squared_distances


def angle_relation(student_embedding: Tensor, teacher_embedding: Tensor) -> Tensor:
    """Huber loss of the cosines of the angles that pairs of pictures form at a third.

    Source: Park et al., Relational Knowledge Distillation, CVPR 2019, arXiv:1904.05068,
    section 3.2.2; Wang et al., SSD-KD, MedIA 2023, equation 5, second term. The mean, over
    all triples with those that repeat a picture, is that of both authors' code.

    Args:
        student_embedding: (pictures, K of the student).
        teacher_embedding: (pictures, K); treated as constants.

    Returns:
        (pictures,): each picture's mean over the angles at it, at least 0; without a unit.
        Needs room for a few times pictures³ numbers.
    """
    with torch.no_grad():
        teacher = _cosines(teacher_embedding)
    return F.smooth_l1_loss(_cosines(student_embedding), teacher, reduction="none").mean(dim=(1, 2))


def _cosines(embedding: Tensor) -> Tensor:
    """cos(e_b - e_a, e_c - e_a) at [a, b, c], (pictures, pictures, pictures); 0 where an edge has no length.

    From inner products: (G_bc - G_ab - G_ac + G_aa) / (d_ab d_ac), without the differences themselves.
    """
    embedding = centred(embedding)
    gram = embedding @ embedding.T
    edges = gram[None] - gram[:, :, None] - gram[:, None] + gram.diagonal()[:, None, None]
    inverse = _inverse_distances(gram)
    return edges * inverse[:, :, None] * inverse[:, None]


def _inverse_distances(gram: Tensor) -> Tensor:
    """1 / d, and 0 where d is no more than rounding, (pictures, pictures)."""
    squared, squares = squared_distances(gram), gram.diagonal()
    rounding = 16 * torch.finfo(gram.dtype).eps * (squares[:, None] + squares[None])
    apart = squared > rounding
    # Where there is no distance, 1 stands in for it: the gradient of 1/√0 is no number.
    return torch.where(apart, torch.where(apart, squared, 1).rsqrt(), 0)
