"""Distillation from the mean of several teachers."""

import math

from torch import Tensor

from skinkd.divergence import kl, soften
from skinkd.domains import Positive, Switch


def multi_teacher_divergence(
    student: Tensor, teachers: Tensor, *, temperature: Positive, scaled: Switch
) -> Tensor:
    """KL divergence of the mean of the teachers' softened probabilities from the student's.

    Source: Hinton et al., arXiv:1503.02531, section 1 (an ensemble's arithmetic mean of
    probabilities); You et al., Learning from Multiple Teacher Networks, KDD 2017.

    Args:
        student: logits, (batch, classes).
        teachers: logits, (teachers, batch, classes); treated as constants.
        temperature: T, positive; softens all models.
        scaled: multiply by T², which keeps the gradient's size when T changes.

    Returns:
        (batch,), at least 0 up to rounding, in nats.
    """
    # The log of a mean: a class that all teachers rule out keeps a finite log-probability.
    log_mean = soften(teachers.detach(), temperature).logsumexp(dim=0) - math.log(len(teachers))
    divergence = kl(log_mean, soften(student, temperature))
    return divergence * temperature**2 if scaled else divergence
