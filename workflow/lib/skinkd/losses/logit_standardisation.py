"""Distillation of standardised logits."""

from torch import Tensor

from skinkd.classes import require_classes
from skinkd.domains import Positive
from skinkd.losses.softened_divergence import softened_divergence

MINIMUM_CLASSES = 3


def logit_standardisation(student: Tensor, teacher: Tensor, *, temperature: Positive) -> Tensor:
    """Softened divergence of z-scores, so that the student need not match the size of the logits.

    Source: Sun et al., Logit Standardization in Knowledge Distillation, CVPR 2024,
    arXiv:2403.01427, section 4.
    # ASSUME: A z-score divides by the deviation with divisor classes - 1, plus 1e-7, as in the
    # code of logit standardisation's authors.

    Args:
        student: logits, (batch, classes), at least 3 classes.
        teacher: logits, (batch, classes); treated as constants.
        temperature: T, positive; softens the z-scores. The loss is multiplied by T².

    Returns:
        (batch,), at least 0 up to rounding, in nats.

    Raises:
        InputError: for two classes, whose z-scores are the same whatever the logits.
    """
    require_classes(
        student,
        MINIMUM_CLASSES,
        "logit_standardisation",
        "Two z-scores are always ±0.71, so nothing but their order is left to learn",
    )
    return softened_divergence(z_scores(student), z_scores(teacher), temperature=temperature, scaled=True)


def z_scores(logits: Tensor) -> Tensor:
    """Each row minus its mean, divided by its deviation."""
    return (logits - logits.mean(dim=1, keepdim=True)) / (logits.std(dim=1, keepdim=True) + 1e-7)
