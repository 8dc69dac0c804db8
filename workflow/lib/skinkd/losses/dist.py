"""DIST: the student's probabilities correlate with the teacher's, along rows and along columns."""

import torch.nn.functional as F
from torch import Tensor

from skinkd.classes import require_classes
from skinkd.domains import NonNegative, Positive

MINIMUM_CLASSES = 3


def dist(
    student: Tensor,
    teacher: Tensor,
    *,
    inter_weight: NonNegative,
    intra_weight: NonNegative,
    temperature: Positive,
) -> Tensor:
    """One minus Pearson's correlation of each picture's classes, and of each class's pictures.

    Source: Huang et al., Knowledge Distillation from A Stronger Teacher, NeurIPS 2022,
    arXiv:2205.10536, section 3, with T² and the divisor's least value of 1e-8 as in the authors'
    code; Davidi and Park, section 4.2.2. The weights are its β and γ.

    Args:
        student: logits, (batch, classes), at least 3 classes and 2 pictures.
        teacher: logits, (batch, classes); treated as constants.
        inter_weight: weight of the correlation within a picture, between its classes.
        intra_weight: weight of the correlation within a class, between the batch's pictures.
        temperature: T, positive; softens both models.

    Returns:
        (batch,), 0 to 2 T² times the sum of the weights; without a unit. The second part is the
        same for all pictures of a batch: alone a value depends on the batch.

    Raises:
        InputError: for two classes, whose correlation is 1 or -1 whatever the logits.
    """
    require_classes(
        student, MINIMUM_CLASSES, "dist", "Two numbers correlate by 1 or -1, so nothing is left to learn"
    )
    p_student = F.softmax(student / temperature, dim=1)
    p_teacher = F.softmax(teacher.detach() / temperature, dim=1)
    inter = 1 - correlation(p_student, p_teacher)
    intra = 1 - correlation(p_student.T, p_teacher.T).mean()
    return temperature**2 * (inter_weight * inter + intra_weight * intra)


def correlation(a: Tensor, b: Tensor) -> Tensor:
    """Pearson's correlation of the rows, (rows,); 0 where one of them is constant."""
    return F.cosine_similarity(a - a.mean(dim=1, keepdim=True), b - b.mean(dim=1, keepdim=True), eps=1e-8)
