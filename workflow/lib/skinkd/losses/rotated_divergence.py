"""SSKD's distillation on turned pictures."""

from torch import Tensor

from skinkd.divergence import kl, soften
from skinkd.domains import Positive, Share
from skinkd.self_supervision import TURNED, over_kept, picture_major


def rotated_divergence(
    rotated_student: Tensor,
    rotated_teacher: Tensor,
    labels: Tensor,
    *,
    temperature: Positive,
    kept_share: Share,
) -> Tensor:
    """Softened divergence on the pictures turned by 90, 180 and 270 degrees, the teacher's worst left out.

    Source: Xu et al., Knowledge Distillation Meets Self-Supervision, ECCV 2020, section 3, and the
    authors' code, which has the factor T².

    Args:
        rotated_student: logits, (3, batch, classes).
        rotated_teacher: logits, (3, batch, classes); treated as constants.
        labels: class indices, (batch,), int64.
        temperature: T, positive; softens both models. The loss is multiplied by T².
        kept_share: of the views that the teacher gets wrong, the share that is kept.

    Returns:
        (3 * batch,), picture-major, whose mean is the mean over the kept views; 0 for the others.
        In nats.
    """
    student, teacher = picture_major(rotated_student), picture_major(rotated_teacher.detach())
    divergence = kl(soften(teacher, temperature), soften(student, temperature))
    targets = labels.repeat_interleave(TURNED)
    return over_kept(temperature**2 * divergence, teacher, targets, kept_share)
