"""Products of large square matrices in bfloat16: the rate that this machine can be brought to."""

import torch

from skinkd.bench.ours import device_of, synchronise


def prepare(width: int = 8192, products: int = 20, device: str = "cuda"):
    """`products` products each time; says their `flop`."""
    chosen = device_of(device)
    generator = torch.Generator(chosen.name).manual_seed(0)
    left, right = (
        torch.randn(width, width, device=chosen.name, generator=generator).bfloat16() for _ in range(2)
    )

    def work() -> dict:
        for _ in range(products):
            torch.mm(left, right)
        synchronise(chosen)
        return {"images": products, "flop": 2 * products * width**3}

    return work
