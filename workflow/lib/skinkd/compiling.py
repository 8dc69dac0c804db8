"""Compiled forward passes, where they pay for their compilation."""

import shutil

import torch
from torch import nn

from skinkd.errors import InputError

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
    return device == "cuda" and images_shown >= PAYS_FROM_IMAGES and can_compile()


def compile_training(network: nn.Module) -> nn.Module:
    """The network itself, its forward pass in training mode compiled when it is first called.

    In evaluation mode it runs as it is, and state, modules and hooks on modules stay as they are;
    hooks on a module must be there before the first pass in training mode.

    Raises:
        InputError: where nothing can be compiled.
    """
    if not can_compile():
        raise InputError(
            "compile",
            f"there is no C compiler, or a space in {torch.__file__}",
            "Torch could compile nothing",
            "install gcc, move the project to a folder without a space, or set device.compile to never",
        )
    # Seconds of imports, which only a compiled run should wait for.
    from torch._dynamo import config as dynamo
    from torch._functorch import config as functorch
    from torch._inductor import config as inductor

    dynamo.recompile_limit = max(dynamo.recompile_limit, GRAPHS)
    # Terms are weighed on a graph that is kept; a backward pass that gives its memory away would refuse that.
    functorch.donated_buffer = False
    # Dropout draws the numbers that it draws uncompiled.
    inductor.fallback_random = True
    plain = network.forward
    compiled = torch.compile(plain, dynamic=False)

    def forward(*inputs):
        return (compiled if network.training else plain)(*inputs)

    network.forward = forward
    return network


def can_compile() -> bool:
    """Whether there is a C compiler, which kernels for a GPU need too, and torch lies where it finds it.

    Torch 2.13 gives its own folder to the linker unquoted: a space in it ends every compilation.
    """
    found = any(shutil.which(name) for name in ("cc", "gcc", "clang"))
    return found and not any(letter.isspace() for letter in torch.__file__)
