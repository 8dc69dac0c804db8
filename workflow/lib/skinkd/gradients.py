"""How much each term of an objective pulls at the network."""

import torch
from torch import Tensor


def gradient_shares(values: list[Tensor], parameters: list[Tensor]) -> Tensor:
    """Each value's share of the sum of the values' gradient norms over `parameters`; their graph is kept.

    A term with a share near zero is inert: the training would be the same without it.

    Returns:
        (values,), float64 on the values' device, at least 0; their sum is 1, or 0 where nothing pulls.
    """
    if len(values) == 1:
        return torch.ones(1, dtype=torch.float64, device=values[0].device)
    norms = torch.stack([_gradient_norm(value, parameters) for value in values])
    total = norms.sum()
    return torch.where(total > 0, norms / total, torch.zeros_like(norms))


def _gradient_norm(value: Tensor, parameters: list[Tensor]) -> Tensor:
    """The Euclidean norm of a value's gradient over all parameters together, float64."""
    gradients = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
    found = [gradient for gradient in gradients if gradient is not None]
    if not found:
        return torch.zeros((), dtype=torch.float64, device=value.device)
    return torch.stack(torch._foreach_norm(found)).norm().double()
