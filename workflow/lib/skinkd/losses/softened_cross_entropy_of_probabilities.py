"""DSNet's soft term as its code computes it."""

import torch.nn.functional as F
from torch import Tensor

from skinkd.divergence import soften
from skinkd.domains import Positive


def softened_cross_entropy_of_probabilities(
    student: Tensor, teacher: Tensor, *, temperature: Positive, teacher_logits: Tensor
) -> Tensor:
    """Cross-entropy of softened probabilities, with targets that add up to 1 over all pictures.

    The code softens probabilities, not logits, and its softmax of the teacher's is normalised
    over the whole array: over the pictures as well as over the classes. Each picture's targets
    add up to about 1 over the number of pictures, so the term is all but gone.

    Source: the notebooks published with Khan et al., DSNet, arXiv:2210.08086; no factor T².

    Args:
        student: logits, (batch, classes).
        teacher: logits, (batch, classes); treated as constants.
        temperature: T, positive; softens both models' probabilities.
        teacher_logits: what the teacher says of the whole training part, (n_train, classes).

    Returns:
        (batch,), at least 0, in nats times about 1 / n_train.
    """
    everything = F.softmax(teacher_logits.detach(), dim=1) / temperature
    log_target = F.softmax(teacher.detach(), dim=1) / temperature - everything.logsumexp(dim=(0, 1))
    log_student = soften(F.softmax(student, dim=1), temperature)
    return -(log_target.exp() * log_student).sum(dim=1)
