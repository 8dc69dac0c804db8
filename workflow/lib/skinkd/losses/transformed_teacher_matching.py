"""Distillation in which only the teacher is softened."""

from torch import Tensor

from skinkd.divergence import kl, soften
from skinkd.domains import Positive


def transformed_teacher_matching(student: Tensor, teacher: Tensor, *, temperature: Positive) -> Tensor:
    """KL divergence of the teacher's softened probabilities from the student's own.

    Source: Zheng and Yang, Knowledge Distillation Based on Transformed Teacher Matching,
    ICLR 2024, arXiv:2402.11148, equation 2: H(y, q) + β D(p_T || q). This is D, without a
    factor T²: q is not softened, so its gradient does not shrink when T grows.

    Args:
        student: logits, (batch, classes).
        teacher: logits, (batch, classes); treated as constants.
        temperature: T, positive; softens the teacher.

    Returns:
        (batch,), at least 0 up to rounding, in nats.
    """
    return kl(soften(teacher.detach(), temperature), soften(student, 1.0))
