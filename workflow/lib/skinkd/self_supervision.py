"""What a picture's turned views say about it: SSKD's first phase, and what both of its losses share.

Views come view-major, (4, batch, ...) with the upright one first. Rows here are picture-major:
the three turned views of the first picture, then those of the second. This is the order of the
authors' code, and it decides which of two equally ranked views is kept.

Source: Xu et al., Knowledge Distillation Meets Self-Supervision, ECCV 2020, section 3, and the
authors' code. As published there, the order of equal ranks was left to the sorting algorithm.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

TURNED = 3


def contrastive(projections: Tensor) -> Tensor:
    """Cross-entropy of finding a turned view's own picture among all pictures of the batch.

    The logits are the cosines themselves, without a temperature.

    Args:
        projections: outputs of the self-supervision head, (4, batch, D).

    Returns:
        (3 * batch,), picture-major, at least 0, in nats.
    """
    cosines = similarities(projections)
    return F.cross_entropy(cosines, sources(cosines), reduction="none")


def similarities(projections: Tensor) -> Tensor:
    """Cosine of every turned view with every upright picture.

    Args:
        projections: (4, batch, D).

    Returns:
        (3 * batch, batch), rows picture-major.
    """
    unit = F.normalize(projections, dim=-1, eps=1e-8)
    return picture_major(unit[1:]) @ unit[0].T


def picture_major(views: Tensor) -> Tensor:
    """(views, batch, features) as rows in which the views of a picture follow each other."""
    return views.transpose(0, 1).flatten(0, 1)


def sources(rows: Tensor) -> Tensor:
    """The picture that each row's view was turned from, (3 * batch,)."""
    return torch.arange(len(rows), device=rows.device) // TURNED


def over_kept(values: Tensor, scores: Tensor, targets: Tensor, kept_share: float) -> Tensor:
    """Values whose mean is the mean over the kept rows; the others become 0.

    A row is kept where the teacher ranks its target first. Of the others, the share
    `kept_share` is kept, rounded down: those that the teacher misses by least, and of
    equally bad ones the first.

    Args:
        values: (rows,).
        scores: what the teacher says, (rows, choices).
        targets: the right choice, (rows,).
        kept_share: 0 to 1.

    Returns:
        (rows,). Nothing here waits for the device, as picking rows out would.
    """
    ranks = rank_of(targets, scores)
    wrong = (ranks > 0).sum()
    kept = len(ranks) - wrong + (wrong.double() * kept_share).floor()
    place = ranks.argsort(stable=True).argsort()
    return values * (place < kept) * (len(ranks) / kept.clamp(min=1)).to(values)


def rank_of(targets: Tensor, scores: Tensor) -> Tensor:
    """How many choices score above the target, of equal scores the earlier ones, (rows,)."""
    order = scores.argsort(dim=1, descending=True, stable=True)
    return (order == targets[:, None]).int().argmax(dim=1)
