"""Which training images an epoch shows, and in which order.

Source: Davidi and Park, sections 3 and 4: a weighted random sampler, and a curriculum that sorts the training
data by the teacher's confidence before the student sees it.
"""

import numpy as np


def shown(draw: str, order: str, labels: np.ndarray, confidence, seed: int, epoch: int) -> np.ndarray:
    """Indices of the images of one epoch in their order, (n,) int64; a function of (seed, epoch) alone.

    Args:
        draw: `every_image` once; `weighted`: n draws with replacement, every class equally likely;
            `weighted_frozen`: the same, drawn once for all epochs.
        order: `random`, anew in each epoch; `confident_first` or `confident_last`.
        labels: (n,) class indices.
        confidence: (n,) the teacher's greatest probability for each image; None where order is random.
    """
    chosen = _drawn(draw, labels, seed, epoch)
    if order == "random":
        return chosen[np.random.default_rng([seed, epoch, 1]).permutation(len(chosen))]
    sign = -1 if order == "confident_first" else 1
    return chosen[np.argsort(sign * np.asarray(confidence)[chosen], kind="stable")]


def _drawn(draw: str, labels: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """Indices of the images of an epoch, in no meaningful order."""
    if draw == "every_image":
        return np.arange(len(labels))
    weights = 1 / np.bincount(labels)[labels]
    generator = np.random.default_rng([seed, 0 if draw == "weighted_frozen" else epoch, 2])
    return generator.choice(len(labels), size=len(labels), p=weights / weights.sum())
