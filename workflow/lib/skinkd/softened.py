"""Probabilities at a temperature, from logits and from what DSNet's code takes for logits."""

import numpy as np

from skinkd.metrics import softmax


def softened(logits: np.ndarray, temperatures) -> dict[str, np.ndarray]:
    """Probabilities of images at each temperature, in two readings, each (temperatures, n, classes).

    `logits`: softmax(z / T). `probabilities`: softmax(softmax(z) / T), which the authors'
    code computes, since its "logits" come from a layer that ends in a softmax. Two sure classes, (0, 1),
    then become (0.417, 0.583) at T = 3 and (0.475, 0.525) at T = 10: the numbers that the paper prints.

    Source: Khan et al., DSNet, arXiv:2210.08086, equation 2 and Figure 6.

    Args:
        logits: (n, classes).
        temperatures: each above 0.
    """
    readings = {"logits": logits, "probabilities": softmax(logits)}
    return {
        reading: np.stack([softmax(values / temperature) for temperature in temperatures])
        for reading, values in readings.items()
    }
