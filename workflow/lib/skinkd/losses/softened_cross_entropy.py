"""DSNet's distillation: the cross-entropy of softened probabilities."""

import torch.nn.functional as F
from torch import Tensor

from skinkd.domains import Positive, Switch


def softened_cross_entropy(
    student: Tensor, teacher: Tensor, *, temperature: Positive, scaled: Switch
) -> Tensor:
    """Cross-entropy of the student's softened probabilities with the teacher's as targets.

    Its gradient is that of the divergence; its value is larger by the teacher's entropy.

    Source: Khan et al., DSNet, arXiv:2210.08086, equation 5 (printed without a factor T²).

    Args:
        student: logits, (batch, classes).
        teacher: logits, (batch, classes); treated as constants.
        temperature: T, positive; softens both models.
        scaled: multiply by T², which keeps the gradient's size when T changes.

    Returns:
        (batch,), at least the teacher's entropy at T, in nats.
    """
    log_student = F.log_softmax(student / temperature, dim=1)
    teacher_probabilities = F.softmax(teacher.detach() / temperature, dim=1)
    entropy = -(teacher_probabilities * log_student).sum(dim=1)
    return entropy * temperature**2 if scaled else entropy
