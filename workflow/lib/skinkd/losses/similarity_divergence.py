"""SSKD's self-supervision: turned views resemble pictures as they do for the teacher."""

from torch import Tensor

from skinkd.divergence import kl, soften
from skinkd.domains import Positive, Share
from skinkd.self_supervision import over_kept, similarities, sources


def similarity_divergence(
    student_projection: Tensor, teacher_projection: Tensor, *, temperature: Positive, kept_share: Share
) -> Tensor:
    """Softened divergence of a turned view's cosines with all pictures, the teacher's worst left out.

    Source: Xu et al., Knowledge Distillation Meets Self-Supervision, ECCV 2020, section 3, and the
    authors' code, which has the factor τ².

    Args:
        student_projection: outputs of the student's self-supervision head, (4, batch, D of the student).
        teacher_projection: outputs of the teacher's, (4, batch, D); treated as constants.
        temperature: τ, positive; softens both models' cosines. The loss is multiplied by τ².
        kept_share: of the views whose own picture the teacher does not find, the share that is kept.

    Returns:
        (3 * batch,), picture-major, whose mean is the mean over the kept views; 0 for the others.
        In nats.
    """
    student, teacher = similarities(student_projection), similarities(teacher_projection.detach())
    divergence = kl(soften(teacher, temperature), soften(student, temperature))
    return over_kept(temperature**2 * divergence, teacher, sources(teacher), kept_share)
