"""Augmentations, one file each; a config names them by file.

A view is a row of explicit parameters, a pure function of (seed, image, view), so
that teacher and student see exactly the same picture whatever the batch order, the
machine or the number of workers. Each file has two functions:

`draw(keys, view, seed) -> (n, P) float32`: the rows of one view of the images that `keys_of` named.
`apply(pictures, rows) -> (n, 3, S, S)`: turns pictures in [0, 1], on any device, into those views, in
place. The rows stay on the host, where it is known without waiting which pictures need which work.
"""

import hashlib

import numpy as np

MIX_1, MIX_2, STEP = (
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
    np.uint64(0x9E3779B97F4A7C15),
)


def keys_of(images) -> np.ndarray:
    """A number that names each image for ever: 8 bytes of its id's sha256, (n,) uint64."""
    digests = b"".join(hashlib.sha256(str(image).encode()).digest()[:8] for image in images)
    return np.frombuffer(digests, dtype="<u8")


def uniform(keys: np.ndarray, view: int, seed: int, columns: int) -> np.ndarray:
    """Uniform numbers in [0, 1) that depend on (seed, key, view, column) alone, (n, columns) float64.

    A counter-based generator: the finaliser of SplitMix64 (Steele et al., OOPSLA 2014)
    over the mixed indices. No state, hence no order.
    """
    with np.errstate(over="ignore"):
        start = _mixed(_mixed(keys + STEP * np.uint64(seed + 1)) + STEP * np.uint64(view + 1))
        counters = start[:, None] + STEP * np.arange(1, columns + 1, dtype=np.uint64)
        bits = _mixed(counters)
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mixed(values: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser: every input bit moves every output bit."""
    values = (values ^ (values >> np.uint64(30))) * MIX_1
    values = (values ^ (values >> np.uint64(27))) * MIX_2
    return values ^ (values >> np.uint64(31))
