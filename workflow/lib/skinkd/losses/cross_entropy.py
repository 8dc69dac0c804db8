"""Cross-entropy with the hard labels."""

import torch.nn.functional as F
from torch import Tensor


def cross_entropy(student: Tensor, labels: Tensor) -> Tensor:
    """Minus the log of the probability that the student gives the label.

    Args:
        student: logits, (batch, classes).
        labels: class indices, (batch,), int64.

    Returns:
        (batch,), at least 0, in nats.
    """
    return F.cross_entropy(student, labels, reduction="none")
