"""How far a student says what its teacher says: a student may be right where its teacher is wrong."""

import numpy as np

from skinkd.intervals import clusters, resampled, wilson
from skinkd.metrics import softmax
from skinkd.metrics.ratios import ratio
from skinkd.predictions import Predictions
from skinkd.tested_arms import check_same_images


def fidelity(
    pairs: list[tuple[Predictions, Predictions]], *, confidence: float, resamples: int, seed: int
) -> dict:
    """Agreement and divergence of a student and its teacher on test images, means over runs.

    `agreement` is the share of images whose most probable class is the same, with its interval over lesions.
    `divergence_nats` is the mean of KL(teacher ‖ student) at temperature 1.

    Source: Stanton et al., Does knowledge distillation really work?, NeurIPS 2021, section 3.1.

    Args:
        pairs: student and teacher, for each of the student's runs, in test images of the same fold.

    Raises:
        InputError: where the two were tested on different images.
    """
    agrees, diverges, known = {}, {}, {}
    for student, teacher in pairs:
        mine, theirs = student.part("test"), teacher.part("test")
        check_same_images(student.arm, teacher.arm, mine, theirs)
        same = mine.logits.argmax(axis=1) == theirs.logits.argmax(axis=1)
        apart = divergences(mine.logits, theirs.logits)
        for row, image in enumerate(mine.images):
            known[image] = mine.lesions[row], mine.labels[row]
            agrees.setdefault(image, []).append(same[row])
            diverges.setdefault(image, []).append(apart[row])
    images = sorted(known)
    shares = np.array([np.mean(agrees[image]) for image in images])
    drawn = [np.array([known[image][place] for image in images]) for place in (0, 1)]
    draws = resampled(
        lambda weights: ratio(weights @ shares, weights.sum(axis=1).astype(float), empty=np.nan),
        *drawn,
        resamples=resamples,
        generator=np.random.default_rng(seed),
    )
    # Every resample of images that agree is of such images alone: its percentiles would have no width.
    same_everywhere = shares.mean() in (0, 1)
    low, high = (
        wilson(float(shares.mean()), len(clusters(*drawn)[1]), confidence)
        if same_everywhere
        else draws.interval(confidence)
    )
    divergence = float(np.mean([np.mean(diverges[image]) for image in images]))
    return {
        **{"agreement": float(shares.mean()), "low": float(low), "high": float(high)},
        **{"divergence_nats": divergence, "n_images": len(images), "n_runs": len(pairs)},
    }


def divergences(student: np.ndarray, teacher: np.ndarray) -> np.ndarray:
    """KL(teacher ‖ student) of each image in nats, (n,), from logits (n, C)."""
    log_student, log_teacher = (_log_softmax(logits) for logits in (student, teacher))
    return (softmax(teacher) * (log_teacher - log_student)).sum(axis=1)


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
