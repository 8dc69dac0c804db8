"""Cross-entropy in which rare classes count more."""

import torch.nn.functional as F
from torch import Tensor


def weighted_cross_entropy(student: Tensor, labels: Tensor, *, class_counts: Tensor) -> Tensor:
    """Cross-entropy weighted by the inverse frequency of the label's class.

    A class weighs N / N_class, rounded to three decimals as in the authors' code.
    Divided by the batch's mean weight, so that the mean over the batch is the
    weighted mean that torch computes.

    Source: Wang et al., SSD-KD, MedIA 2023, equation 3.
    # ASSUME: Equation 3 is a plain sum over the batch; the authors' code divides by the
    # sum of the batch's weights, which keeps the learning rate's meaning, and so do we.

    Args:
        student: logits, (batch, classes).
        labels: class indices, (batch,), int64.
        class_counts: training images of each class, (classes,), each at least 1.

    Returns:
        (batch,), at least 0, in nats. Their mean is the batch's loss; alone they depend on the batch.
    """
    weights = class_weights(class_counts).to(student)[labels]
    return weights * F.cross_entropy(student, labels, reduction="none") / weights.mean()


def class_weights(class_counts: Tensor) -> Tensor:
    """N / N_class rounded to three decimals, (classes,)."""
    return (class_counts.sum() / class_counts.double()).round(decimals=3)
