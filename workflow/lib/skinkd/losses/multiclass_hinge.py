"""The hinge loss of a support vector machine on top of a network."""

import torch.nn.functional as F
from torch import Tensor

from skinkd.domains import Positive, Switch


def multiclass_hinge(student: Tensor, labels: Tensor, *, margin: Positive, squared: Switch) -> Tensor:
    """One against the rest: each class is its own two-sided machine, and their losses add up.

    Source: Tang, Deep Learning using Linear Support Vector Machines, arXiv:1306.0239, section 2.
    # ASSUME: DSC says no more than "multiclass SVM's objective". Its next sentences are those of
    # Tang, so it is read as Tang's machines, one class against the rest, and not as Crammer's and
    # Singer's joint one; Tang squares the hinge and has a margin of 1.

    Args:
        student: logits, (batch, classes), as scores.
        labels: class indices, (batch,), int64.
        margin: the score that the label must exceed, and whose negative no other class may; positive.
        squared: square each hinge, which makes it smooth and large violations dearer.

    Returns:
        (batch,), at least 0; without a unit.
    """
    side = 2 * F.one_hot(labels, student.shape[1]) - 1
    hinge = F.relu(margin - side * student)
    return (hinge**2 if squared else hinge).sum(dim=1)
