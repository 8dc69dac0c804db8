"""Hinton's distillation: the divergence of softened probabilities."""

from torch import Tensor

from skinkd.divergence import kl, soften
from skinkd.domains import Direction, Positive, Switch


def softened_divergence(
    student: Tensor,
    teacher: Tensor,
    *,
    temperature: Positive,
    scaled: Switch,
    direction: Direction = "teacher_to_student",
) -> Tensor:
    """KL divergence between the teacher's and the student's softened probabilities.

    Source: Hinton et al., arXiv:1503.02531, section 2; Wang et al., SSD-KD, MedIA 2023,
    equation 2 (printed without the factor T²; the authors' code has it). Davidi and Park,
    section 4.2.1, print the other direction.

    Args:
        student: logits, (batch, classes).
        teacher: logits, (batch, classes); treated as constants.
        temperature: T, positive; softens both models.
        scaled: multiply by T², which keeps the gradient's size when T changes.
        direction: `teacher_to_student` is KL(teacher || student), which asks the student to
            cover all that the teacher holds possible; `student_to_teacher` is
            KL(student || teacher), which forgives it what it leaves out.

    Returns:
        (batch,), at least 0 up to rounding, in nats.
    """
    log_student, log_teacher = soften(student, temperature), soften(teacher.detach(), temperature)
    forward = direction == "teacher_to_student"
    divergence = kl(log_teacher, log_student) if forward else kl(log_student, log_teacher)
    return divergence * temperature**2 if scaled else divergence
