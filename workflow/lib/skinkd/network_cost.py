"""What a network costs: arithmetic, size and time of one forward pass of one picture."""

import time
from statistics import median

import torch
from torch import nn

from skinkd.device import Device
from skinkd.networks import evaluating, look_once

WARM_UPS = 3


def multiply_accumulates(network: nn.Module, size_px: int) -> int:
    """Multiplications with a weight in one forward pass of one picture; biases and norms are not counted.

    Papers that print "GFLOPs" often mean 1e9 of these: SSD-KD's 4.11 for ResNet-50.
    """
    counts = []

    def count(layer, inputs, output):
        # Each output value is a sum over the weights of one output channel.
        counts.append(output.numel() * layer.weight[0].numel())

    layers = (module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear))
    hooks = [layer.register_forward_hook(count) for layer in layers]
    look_once(network, size_px)
    for hook in hooks:
        hook.remove()
    return sum(counts)


def megabytes(network: nn.Module) -> float:
    """Size of the parameters and of the batch norms' statistics in float32, in 2²⁰ bytes.

    That is the unit of file sizes, in which SSD-KD prints 98 for ResNet-50.
    """
    tensors = (value for value in network.state_dict().values() if value.is_floating_point())
    return sum(value.numel() for value in tensors) * 4 / 2**20


def time_inference(network: nn.Module, size_px: int, device: Device, repeats: int = 20) -> float:
    """Milliseconds of one forward pass of one picture on `device`: the median of `repeats`, warmed up."""
    picture = torch.zeros(1, 3, size_px, size_px, device=device.name)
    picture = picture.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode(), evaluating(network), device.autocast():
        times_s = [_time(network, picture) for _ in range(WARM_UPS + repeats)]
    return 1000 * median(times_s[WARM_UPS:])


def _time(network: nn.Module, picture: torch.Tensor) -> float:
    """Seconds of one forward pass, the device's work included."""
    started_s = time.perf_counter()
    network(picture)
    if picture.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - started_s
