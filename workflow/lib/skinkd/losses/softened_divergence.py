"""Hinton's distillation: the divergence of softened probabilities."""

import torch.nn.functional as F
from torch import Tensor

from skinkd.domains import Positive, Switch


def softened_divergence(
    student: Tensor, teacher: Tensor, labels: Tensor, *, temperature: Positive, scaled: Switch
) -> Tensor:
    """KL divergence of the teacher's softened probabilities from the student's.

    Source: Hinton et al., arXiv:1503.02531, section 2; Wang et al., SSD-KD, MedIA 2023,
    equation 2 (printed without the factor T²; the authors' code has it).

    Args:
        student: logits, (batch, classes).
        teacher: logits, (batch, classes); treated as constants.
        labels: not used.
        temperature: T, positive; softens both models.
        scaled: multiply by T², which keeps the gradient's size when T changes.

    Returns:
        (batch,), at least 0 up to rounding, in nats.
    """
    log_student = F.log_softmax(student / temperature, dim=1)
    log_teacher = F.log_softmax(teacher.detach() / temperature, dim=1)
    divergence = F.kl_div(log_student, log_teacher, reduction="none", log_target=True).sum(dim=1)
    return divergence * temperature**2 if scaled else divergence
