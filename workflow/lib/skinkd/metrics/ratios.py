"""Division that says what it means by nothing over nothing."""

import numpy as np


def ratio(numerator: np.ndarray, denominator: np.ndarray, empty: float) -> np.ndarray:
    """`numerator / denominator`, elementwise; `empty` where the denominator is 0."""
    result = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), empty, dtype=np.float64)
    return np.divide(numerator, denominator, out=result, where=denominator != 0)
