"""RKD's distances: pictures that are close for the teacher are close for the student."""

import torch
import torch.nn.functional as F
from torch import Tensor

from skinkd.relations import centred, squared_distances


def distance_relation(student_embedding: Tensor, teacher_embedding: Tensor) -> Tensor:
    """Huber loss of the distances between pictures, each in units of its model's mean distance.

    Source: Park et al., Relational Knowledge Distillation, CVPR 2019, arXiv:1904.05068,
    section 3.2.1; Wang et al., SSD-KD, MedIA 2023, equation 5, first term. The mean, over all
    pairs with those of a picture and itself, and the least squared distance of 1e-12 are those
    of both authors' code.
    # ASSUME: Equation 5 of SSD-KD sums over pairs and triples; the authors' code takes means, which
    # is what its weights of 25 and 50 belong to, and so do we.

    Args:
        student_embedding: (pictures, K of the student), at least 2 pictures.
        teacher_embedding: (pictures, K); treated as constants.

    Returns:
        (pictures,): each picture's mean over the others and itself, at least 0; without a unit.
    """
    student, teacher = _relative(student_embedding), _relative(teacher_embedding.detach())
    return F.smooth_l1_loss(student, teacher, reduction="none").mean(dim=1)


def _relative(embedding: Tensor) -> Tensor:
    """Distances between pictures divided by their mean, (pictures, pictures); 0 on the diagonal."""
    embedding = centred(embedding)
    gram = embedding @ embedding.T
    pictures = len(gram)
    others = 1 - torch.eye(pictures, dtype=gram.dtype, device=gram.device)
    distances = squared_distances(gram).clamp(min=1e-12).sqrt() * others
    return distances * pictures * (pictures - 1) / distances.sum()
