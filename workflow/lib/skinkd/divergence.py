"""The Kullback-Leibler divergence, in log space."""

import torch.nn.functional as F
from torch import Tensor


def kl(log_p: Tensor, log_q: Tensor) -> Tensor:
    """KL(p || q) over the last axis.

    Args:
        log_p: log-probabilities, finite, (..., classes).
        log_q: the same of the distribution that is measured against p.

    Returns:
        (...,), at least 0 up to rounding, in nats.
    """
    return F.kl_div(log_q, log_p, reduction="none", log_target=True).sum(dim=-1)


def soften(logits: Tensor, temperature: float) -> Tensor:
    """Log of the softmax of `logits / temperature` over the last axis."""
    return F.log_softmax(logits / temperature, dim=-1)
