"""Compiled forward passes, where they pay for their compilation."""

import shutil

from torch import nn

# Compiling a forward and a backward pass takes about a minute. Batches of 32 on a large GPU wait for launches
# of kernels: MobileNetV2 takes 5,500 images a second, and about twice as many when compiled, which wins the
# minute back after 700,000 images. These rates are projected, not measured. On a CPU a step gains a tenth at
# most, and no run of the study would win its minute back.
PAYS_FROM_IMAGES = 1_000_000
# Each size of batch is one graph of each network, and several networks of one class may train in one process.
GRAPHS = 64


def pays(device: str, images_shown: int) -> bool:
    """Whether a run that shows so many images to a network gains time by compiling it; nothing is timed.

    Args:
        device: `cpu` or `cuda`.
        images_shown: images of all epochs together.
    """
    return device == "cuda" and images_shown >= PAYS_FROM_IMAGES and _has_c_compiler()


def compile_training(network: nn.Module) -> nn.Module:
    """The network itself, its forward pass in training mode compiled when it is first called.

    In evaluation mode it runs as it is, and state, modules and hooks on modules stay as they are;
    hooks on a module must be there before the first pass in training mode.
    """
    # Seconds of imports, which only a compiled run should wait for.
    import torch._dynamo
    import torch._functorch.config
    import torch._inductor.config

    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, GRAPHS)
    # Terms are weighed on a graph that is kept; a backward pass that gives its memory away would refuse that.
    torch._functorch.config.donated_buffer = False
    # Dropout draws the numbers that it draws uncompiled.
    torch._inductor.config.fallback_random = True
    plain = network.forward
    compiled = torch.compile(plain, dynamic=False)

    def forward(*inputs):
        return (compiled if network.training else plain)(*inputs)

    network.forward = forward
    return network


def _has_c_compiler() -> bool:
    """Whether there is one; kernels for a GPU, too, are called through a piece of C."""
    return any(shutil.which(name) for name in ("cc", "gcc", "clang"))
