"""Intervals: how far a number would move with other lesions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from skinkd.small_samples import Sureness, sureness

# Resamples held in memory at once: 100 rows of 25,331 images are 20 MB in float64.
CHUNK = 100
# Lesions of a class that are left out one by one: more would say the same of what a single one moves.
LEFT_OUT = 100


def resample_weights(
    lesions: np.ndarray, labels: np.ndarray, resamples: int, generator: np.random.Generator
) -> np.ndarray:
    """How often each image is drawn when lesions are drawn with replacement within their class.

    Images of one lesion are not independent, so a lesion comes or goes with all its
    images; drawing images would make intervals too narrow. Lesions are drawn within
    their class because a rare class would else be missing from some resamples, where
    its recall and every mean over classes are undefined. Lesions whose images carry
    several labels form a class of their own for this purpose.

    A class of one lesion is the same in every resample: its interval has no width.

    Args:
        lesions: (n,) lesion ids; an image with the id '' is a lesion by itself.
        labels: (n,) class indices.

    Returns:
        (resamples, n) int32.
    """
    lesion_of_image, stratum_of_lesion = clusters(lesions, labels)
    counts = np.zeros((resamples, len(stratum_of_lesion)), dtype=np.int32)
    for stratum in np.unique(stratum_of_lesion):
        members = np.flatnonzero(stratum_of_lesion == stratum)
        counts[:, members] = _draws(len(members), resamples, generator)
    return counts[:, lesion_of_image]


def clusters(lesions: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index of each image's lesion, (n,), and of each lesion's stratum, (lesions,)."""
    lesions, labels = np.asarray(lesions, dtype=object), np.asarray(labels)
    names = [lesion or f"\0{row}" for row, lesion in enumerate(lesions)]
    _, lesion_of_image = np.unique(np.array(names), return_inverse=True)
    has_label = np.zeros((lesion_of_image.max() + 1, labels.max() + 1), dtype=bool)
    has_label[lesion_of_image, labels] = True
    _, stratum_of_lesion = np.unique(has_label, axis=0, return_inverse=True)
    return lesion_of_image, stratum_of_lesion.ravel()


def _draws(n: int, resamples: int, generator: np.random.Generator) -> np.ndarray:
    """How often each of n things is drawn in n draws with replacement, (resamples, n)."""
    drawn = generator.integers(n, size=(resamples, n)) + n * np.arange(resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * n).reshape(resamples, n)


@dataclass(frozen=True)
class Resampled:
    """A statistic under other lesions.

    Args:
        draws: (resamples, ...), under each resample.
        without: (m, ...), without each of at most LEFT_OUT lesions of every stratum.
        strata: (m,), the stratum of the lesion that was left out.
        sizes: (strata,), lesions of each.
    """

    draws: np.ndarray
    without: np.ndarray
    strata: np.ndarray
    sizes: np.ndarray

    def of(self, change: Callable[[np.ndarray], np.ndarray]) -> "Resampled":
        """Something that is computed from the statistic, under the same other lesions."""
        return replace(self, draws=change(self.draws), without=change(self.without))

    @property
    def sureness(self) -> Sureness:
        """How sure the spread of the draws is."""
        return sureness(self.without, self.strata, self.sizes)

    def interval(self, confidence: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends, each (...): percentiles of the draws, for as many lesions as there are.

        Resamples in which a value is NaN are left out; both ends are NaN where all are.
        """
        tail = self.sureness.tail((1 - confidence) / 2)
        return percentiles(self.draws, tail), percentiles(self.draws, 1 - tail)


def resampled(
    statistic: Callable[[np.ndarray], np.ndarray],
    lesions: np.ndarray,
    labels: np.ndarray,
    *,
    resamples: int,
    generator: np.random.Generator,
) -> Resampled:
    """The statistic under every resample and without single lesions, in memory that does not grow with them.

    Whatever the statistic computes inside one call sees the same resamples: the
    seeds of an arm, which it averages, or both sides of a difference.

    Args:
        statistic: takes weights (b, n), returns (b, ...).
        lesions, labels: (n,), as for `resample_weights`.
    """
    lesion_of_image, strata = clusters(lesions, labels)
    left_out = lesions_to_leave_out(strata)
    chunks = (left_out[start : start + CHUNK] for start in range(0, len(left_out), CHUNK))
    draws = (resample_weights(lesions, labels, size, generator) for size in _chunks(resamples))
    return Resampled(
        draws=np.concatenate([statistic(weights) for weights in draws]),
        without=np.concatenate([statistic(weights_without(chunk, lesion_of_image)) for chunk in chunks]),
        strata=strata[left_out],
        sizes=np.bincount(strata),
    )


def lesions_to_leave_out(strata: np.ndarray) -> np.ndarray:
    """Indices of all lesions of a stratum, or of LEFT_OUT evenly spread ones where it has more."""
    members = (np.flatnonzero(strata == stratum) for stratum in range(strata.max() + 1))
    return np.concatenate(
        [own[np.linspace(0, len(own) - 1, min(len(own), LEFT_OUT)).round().astype(int)] for own in members]
    )


def weights_without(lesions: np.ndarray, lesion_of_image: np.ndarray) -> np.ndarray:
    """Weights (m, n) that leave out one lesion each, int32."""
    return (lesion_of_image[None] != lesions[:, None]).astype(np.int32)


def _chunks(resamples: int) -> Iterator[int]:
    """Sizes of at most CHUNK that add up to `resamples`."""
    for start in range(0, resamples, CHUNK):
        yield min(CHUNK, resamples - start)


def percentiles(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The value, (...), below which a share (...) of `values` (B, ...) lies; NaN where all are.

    Values that are NaN are left out.
    """
    ordered = np.sort(values, axis=0)  # NaN comes last
    last = (~np.isnan(values)).sum(axis=0) - 1
    place = np.asarray(shares * np.maximum(last, 0))
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, np.maximum(last, 0))
    low, high = (np.take_along_axis(ordered, index[None], axis=0)[0] for index in (below, above))
    return low + (place - below) * (high - low)


def wilson(share: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share of n independent images.

    Source: Wilson, Probable inference, the law of succession, and statistical
    inference, Journal of the American Statistical Association 22 (1927).
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5 / (1 + z**2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)
