"""Decoupled knowledge distillation."""

import torch
from torch import Tensor

from skinkd.classes import require_classes
from skinkd.divergence import kl, soften
from skinkd.domains import NonNegative, Positive

MINIMUM_CLASSES = 3


def dkd(
    student: Tensor,
    teacher: Tensor,
    labels: Tensor,
    *,
    target_weight: NonNegative,
    non_target_weight: NonNegative,
    temperature: Positive,
) -> Tensor:
    """Divergence on the labelled class and divergence among the others, weighted apart.

    The first compares how much probability each model gives the label, the second how
    each spreads the rest. Plain distillation weights the second by the teacher's doubt,
    which mutes it where the teacher is sure.

    Source: Zhao et al., Decoupled Knowledge Distillation, CVPR 2022, arXiv:2203.08679,
    section 3. The weights are its α and β; the factor T² is in the authors' code.

    Args:
        student: logits, (batch, classes), at least 3 classes.
        teacher: logits, (batch, classes); treated as constants.
        labels: class indices, (batch,), int64.
        target_weight: weight of the term on the labelled class.
        non_target_weight: weight of the term among the other classes.
        temperature: T, positive; softens both models.

    Returns:
        (batch,), at least 0 up to rounding, in nats.

    Raises:
        InputError: for two classes, where the second term is 0 whatever the logits.
    """
    require_classes(
        student, MINIMUM_CLASSES, "dkd", "One other class leaves nothing to compare among the others"
    )
    target, non_target = decoupled_terms(student / temperature, teacher.detach() / temperature, labels)
    return temperature**2 * (target_weight * target + non_target_weight * non_target)


def decoupled_terms(student: Tensor, teacher: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Both divergences of `dkd`, each (batch,), before temperature and weights."""
    teacher_binary, teacher_rest = _split_off_label(teacher, labels)
    student_binary, student_rest = _split_off_label(student, labels)
    return kl(teacher_binary, student_binary), kl(teacher_rest, student_rest)


def _split_off_label(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Log p(label or not), (batch, 2), and log p(class | not the label), (batch, classes - 1)."""
    # In log space: a confident model's probability of the rest underflows.
    log_p = soften(logits, 1.0)
    classes = logits.shape[1]
    others = (labels[:, None] + torch.arange(1, classes, device=labels.device)) % classes
    log_rest = log_p.gather(1, others)
    log_any_other = log_rest.logsumexp(dim=1, keepdim=True)
    log_binary = torch.cat([log_p.gather(1, labels[:, None]), log_any_other], dim=1)
    return log_binary, log_rest - log_any_other
