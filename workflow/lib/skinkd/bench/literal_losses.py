"""The losses of SSD-KD as their texts read, term by term, without any of the short cuts of `skinkd.losses`.

They stand for what a reader would write first, and their values are those of our losses.

Source: Wang et al., SSD-KD, MedIA 2023, sections 2.2 to 2.4; Park et al., RKD, CVPR 2019, section 3.2;
Xu et al., SSKD, ECCV 2020, section 3; weights and normalisations as in SSD-KD's code.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def softened(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """T² KL(teacher || student), the mean over the pictures."""
    log_student = F.log_softmax(student / temperature, dim=1)
    probabilities = F.softmax(teacher / temperature, dim=1)
    return F.kl_div(log_student, probabilities, reduction="batchmean") * temperature**2


def distance(student: Tensor, teacher: Tensor) -> Tensor:
    """Huber loss of the distances of all pairs, each model's in units of its mean."""
    with torch.no_grad():
        target = _relative_distances(teacher)
    return F.smooth_l1_loss(_relative_distances(student), target)


def _relative_distances(embedding: Tensor) -> Tensor:
    """(n, n) distances over their mean, from the differences of all pairs."""
    squared = (embedding[:, None] - embedding[None]).square().sum(dim=2)
    distances = squared.clamp(min=1e-12).sqrt() * (1 - torch.eye(len(embedding)).to(embedding))
    return distances / distances[distances > 0].mean()


def angle(student: Tensor, teacher: Tensor) -> Tensor:
    """Huber loss of the cosines of the angles in all triples."""
    with torch.no_grad():
        target = _cosines(teacher)
    return F.smooth_l1_loss(_cosines(student), target)


def _cosines(embedding: Tensor) -> Tensor:
    """(n, n, n) cosines between unit edges that meet in a picture."""
    edges = F.normalize(embedding[None] - embedding[:, None], dim=2)
    return torch.bmm(edges, edges.transpose(1, 2))


def channels(student: Tensor, teacher: Tensor) -> Tensor:
    """The root of the mean squared difference of the maps' K × K inner products, over K H W.

    Picture by picture: the products of a whole batch of turned views would fill more than 10 GB.
    """
    squared = [(_gram(t) - _gram(s)).square().mean() for s, t in zip(student, teacher, strict=True)]
    return torch.stack(squared).mean().sqrt() / teacher[0].numel()


def _gram(picture: Tensor) -> Tensor:
    """F Fᵀ of one picture's map, (K, K)."""
    flat = picture.flatten(1)
    return flat @ flat.T


def rotated(student: Tensor, teacher: Tensor, labels: Tensor, temperature: float, share: float) -> Tensor:
    """Softened divergence of the kept turned views.

    Args:
        student, teacher: logits of the turned views, (3 n, classes), the views of a picture together.
        share: of the views that the teacher gets wrong, how many are kept.
    """
    kept = _kept(teacher, labels.repeat_interleave(3), share)
    return softened(student[kept], teacher[kept], temperature)


def similarity(student: Tensor, teacher: Tensor, temperature: float, share: float) -> Tensor:
    """Softened divergence of the kept turned views' cosines with all pictures.

    Args:
        student, teacher: outputs of the heads for all views, (4, n, D).
    """
    said, target = _similarities(student), _similarities(teacher)
    kept = _kept(target, torch.arange(len(target)).to(target.device) // 3, share)
    return softened(said[kept], target[kept], temperature)


def _similarities(projections: Tensor) -> Tensor:
    """(3 n, n) cosines of turned views with upright pictures, each pair side by side."""
    upright, turned = projections[0], projections[1:].transpose(0, 1).flatten(0, 1)
    shape = (len(turned), len(upright), upright.shape[1])
    return F.cosine_similarity(turned[:, None].expand(shape), upright[None].expand(shape), dim=2)


def _kept(scores: Tensor, targets: Tensor, share: float) -> Tensor:
    """Which rows count: those ranked right, and of the wrong ones a share, the least wrong first."""
    order = scores.argsort(dim=1, descending=True, stable=True)
    ranks = (order == targets[:, None]).nonzero()[:, 1]
    wrong = int((ranks > 0).sum())
    return ranks.argsort(stable=True)[: len(ranks) - wrong + int(wrong * share)]
