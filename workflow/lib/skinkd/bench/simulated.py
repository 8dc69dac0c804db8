"""Studies whose truth is known: lesions of several images, on which two models err alike."""

from dataclasses import dataclass, replace

import numpy as np

from skinkd.metrics import evaluate

METRICS = ("accuracy", "balanced_accuracy", "auc")


@dataclass(frozen=True)
class Design:
    """How simulated studies are made.

    Args:
        lesions: test lesions of each class.
        images_per_lesion: mean of a geometric distribution from 1.
        likeness: share of a model's errors that all images of a lesion have in common, in [0, 1].
        agreement: share of its errors that both models have in common, in [0, 1].
        skill: for either model, how far its true class stands out of noise with a deviation of 1.
    """

    name: str
    lesions: tuple[int, ...]
    images_per_lesion: float
    likeness: float
    agreement: float
    skill: tuple[float, float]


# Class sizes of a tenth of ISIC 2019, two images a lesion; and of the scaled study's test part, whose
# rarest class has eight lesions.
DESIGNS = (
    Design("two classes", (200, 200), 2.0, 0.7, 0.5, (1.6, 1.4)),
    Design("eight classes", (644, 226, 166, 131, 44, 32, 13, 12), 2.0, 0.7, 0.5, (2.2, 2.0)),
    Design("eight classes, tiny ones", (540, 72, 61, 33, 14, 9, 9, 8), 1.5, 0.7, 0.5, (2.2, 2.0)),
)


def study(design: Design, generator: np.random.Generator):
    """One study: lesions (n,) and labels (n,) of its images, and logits (n, C) of both models."""
    class_of_lesion = np.repeat(np.arange(len(design.lesions)), design.lesions)
    sizes = generator.geometric(1 / design.images_per_lesion, size=len(class_of_lesion))
    lesion_of_image = np.repeat(np.arange(len(sizes)), sizes)
    labels = class_of_lesion[lesion_of_image]
    of_lesions, of_images = (_errors(design, n, generator) for n in (len(sizes), len(labels)))
    logits = [
        skill * np.eye(len(design.lesions))[labels]
        + np.sqrt(design.likeness) * of_lesion[lesion_of_image]
        + np.sqrt(1 - design.likeness) * of_image
        for skill, of_lesion, of_image in zip(design.skill, of_lesions, of_images, strict=True)
    ]
    return lesion_of_image.astype(str).astype(object), labels, logits


def _errors(design: Design, n: int, generator: np.random.Generator) -> list[np.ndarray]:
    """Errors of both models on n things, each (n, C), of deviation 1."""
    both, one, other = generator.normal(size=(3, n, len(design.lesions)))
    return [np.sqrt(design.agreement) * both + np.sqrt(1 - design.agreement) * own for own in (one, other)]


def numbers(labels: np.ndarray, logits: list[np.ndarray], weights: np.ndarray | None = None) -> np.ndarray:
    """The first model's METRICS, then what it gains over the second, under each row of weights (B, 6)."""
    one, other = (
        np.stack([evaluate(labels, side, weights).overall[metric] for metric in METRICS], axis=1)
        for side in logits
    )
    return np.concatenate([one, one - other], axis=1)


def truth(design: Design, generator: np.random.Generator, lesions_per_class: int) -> np.ndarray:
    """The six numbers in a population so large that it does not vary, (6,).

    All its classes have as many lesions; their weights give them the design's shares.
    """
    population = replace(design, lesions=(lesions_per_class,) * len(design.lesions))
    _, labels, logits = study(population, generator)
    return numbers(labels, logits, np.array(design.lesions, dtype=np.int32)[labels][None])[0]
