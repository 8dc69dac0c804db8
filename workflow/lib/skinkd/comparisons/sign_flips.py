"""What seeds alone say of a difference: every sign that chance could have given."""

from itertools import product

import numpy as np

# All signs of 16 seeds are 65,536.
MOST_SEEDS = 16


def sign_flip_p(differences) -> float | None:
    """Two-sided p value of seeds that differ by chance alone, from all 2^k signs of their differences.

    Source: Fisher, The Design of Experiments (1935), section 21; Good, Permutation, Parametric and
    Bootstrap Tests of Hypotheses (2005), section 3.2.

    Args:
        differences: (k,), one per seed, each of two runs with that seed.

    Returns:
        None for more than MOST_SEEDS.
    """
    if len(differences) > MOST_SEEDS:
        return None
    sums = np.array(list(product((1, -1), repeat=len(differences)))) @ np.asarray(differences, dtype=float)
    # A sum of the same numbers in another order may differ in its last digit.
    return float((np.abs(sums) >= abs(sums[0]) - 1e-12).mean())


def smallest_sign_flip_p(n_seeds: int) -> float:
    """The smallest p value that so many seeds can give: all agree in their sign."""
    return 2 / 2**n_seeds
