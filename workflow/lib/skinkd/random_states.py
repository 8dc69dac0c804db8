"""Torch's random state, put aside and taken up again."""

import torch
from torch import Tensor


def random_state() -> list[Tensor]:
    """Torch's random state: of the CPU, and of each GPU in use."""
    states = [torch.get_rng_state()]
    return states + (torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [])


def set_random_state(states: list[Tensor]) -> None:
    """Go back to what `random_state` gave."""
    torch.set_rng_state(states[0])
    if states[1:]:
        torch.cuda.set_rng_state_all(states[1:])
