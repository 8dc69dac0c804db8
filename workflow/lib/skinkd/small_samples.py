"""How much less sure one is of an interval that rests on few lesions: percentiles for Student's t.

A bootstrap of n lesions is narrower than the truth by sqrt((n - 1) / n), and takes their variance for known.
Where a mean over classes rests on classes of ten lesions both count, and what a single lesion moves says how
much: the number without it, for lesions of each class.

Source: the expanded percentiles of Hesterberg, What teachers should know about the bootstrap, The American
Statistician 69 (2015), for one sample; for several, Satterthwaite, An approximate distribution of estimates
of variance components, Biometrics Bulletin 2 (1946), with the variance of a sample's variance s²,
σ⁴ (2 / (n - 1) + (kurtosis - 3) / n), in O'Neill, Some useful moment results in sampling problems, The
American Statistician 68 (2014).
"""

from dataclasses import dataclass

import numpy as np

# A normal sample has a kurtosis of 3. Less would make an interval narrower than Student's.
NORMAL_KURTOSIS = 3.0
# Numbers are shares or nats: what moves them less than this is rounding.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Sureness:
    """What is known of a number's spread.

    Args:
        widening: (...), the spread that lesions suggest, divided by that of their resamples, at least 1.
        degrees_of_freedom: (...), of that spread; infinite where no lesion moves the number.
    """

    widening: np.ndarray
    degrees_of_freedom: np.ndarray

    def tail(self, tail: float) -> np.ndarray:
        """The share of resamples, (...), to leave out on one side where `tail` should be beyond it."""
        from scipy import special  # many import this module's users for other things than intervals

        return special.ndtr(self.widening * special.stdtrit(self.degrees_of_freedom, tail))

    def tail_beyond(self, share: np.ndarray) -> np.ndarray:
        """The tail, (...), that leaves out this share of resamples: the inverse of `tail`."""
        from scipy import special

        return special.stdtr(self.degrees_of_freedom, special.ndtri(share) / self.widening)


def sureness(without: np.ndarray, strata: np.ndarray, sizes: np.ndarray) -> Sureness:
    """How sure the spread of resamples is, from the number without single lesions.

    A number that is not defined without a lesion says nothing of it.

    Args:
        without: (m, ...), without each of some lesions of every stratum.
        strata: (m,), the stratum of the lesion that was left out.
        sizes: (strata,), lesions of each.
    """
    moves = _moves(without, strata, sizes)
    squares = np.stack([_mean(moves[strata == stratum] ** 2) for stratum in range(len(sizes))])
    each = (-1, *[1] * (without.ndim - 1))
    n = sizes.reshape(each).astype(float)
    seen = np.bincount(strata, minlength=len(sizes)).reshape(each)
    # Of the mean move of a class's lesions; a lesion alone in its class says nothing.
    variances = np.where(n > 1, squares * seen / np.maximum(seen - 1, 1) / n, 0.0)
    drawn = (variances * (n - 1) / n).sum(axis=0)
    heavy = _kurtosis(moves, squares[strata]) - NORMAL_KURTOSIS
    unsure = (variances**2 * (1 / np.maximum(n - 1, 1) + heavy / (2 * n))).sum(axis=0)
    total = variances.sum(axis=0)
    moved = total > 0
    return Sureness(
        widening=np.sqrt(np.divide(total, drawn, out=np.ones_like(total), where=moved)),
        degrees_of_freedom=np.divide(total**2, unsure, out=np.full_like(total, np.inf), where=moved),
    )


def _moves(without: np.ndarray, strata: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """What each lesion moves, (m, ...): n - 1 times how far the number without it is below the mean."""
    moves = np.zeros(without.shape)
    for stratum, size in enumerate(sizes):
        own = without[strata == stratum]
        moves[strata == stratum] = (size - 1) * np.nan_to_num(_mean(own) - own)
    return np.where(np.abs(moves) > ROUNDING, moves, 0.0)


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is defined; 0 where nothing is."""
    defined = ~np.isnan(values)
    return np.where(defined, values, 0.0).sum(axis=0) / np.maximum(defined.sum(axis=0), 1)


def _kurtosis(moves: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Of the moves (m, ...) of all classes, each in its class's deviations, at least NORMAL_KURTOSIS."""
    moved = squares > 0
    fourth = np.divide(moves**4, squares**2, out=np.zeros_like(moves), where=moved)
    return np.maximum(fourth.sum(axis=0) / np.maximum(moved.sum(axis=0), 1), NORMAL_KURTOSIS)
