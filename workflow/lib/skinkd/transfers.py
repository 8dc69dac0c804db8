"""Small things that go from the host to a device without either waiting for the other."""

import numpy as np
import torch
from torch import Tensor


def sent(values: Tensor | np.ndarray, device) -> Tensor:
    """Values of the host on a device; on the CPU they are not copied.

    A copy from ordinary memory would wait until the device has done all that it was asked for; one from
    pinned memory takes its place in the queue.
    """
    values = torch.as_tensor(values)
    if torch.device(device).type == "cpu":
        return values
    return values.pin_memory().to(device, non_blocking=True)
