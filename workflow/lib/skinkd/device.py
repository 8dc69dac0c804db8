"""Where networks run and in which precision; chosen once, recorded everywhere."""

import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch

from skinkd.errors import InputError


@dataclass(frozen=True)
class Device:
    """A chosen device.

    Attributes:
        name: `cpu` or `cuda`.
        precision: `float32` or `bfloat16` (autocast; parameters stay float32); `auto` until a
            network is known.
    """

    name: str
    precision: str

    def for_network(self, network: torch.nn.Module) -> "Device":
        """The same device with the precision in which this network is fastest, if that was left open."""
        if self.precision != "auto":
            return self
        # On a CPU that multiplies in bfloat16 it pays for full convolutions; depthwise ones are slower in it.
        grouped = any(getattr(module, "groups", 1) > 1 for module in network.modules())
        fast = self.name == "cuda" or (multiplies_bfloat16() and not grouped)
        return Device(self.name, "bfloat16" if fast else "float32")

    def autocast(self):
        """The context in which forward passes run."""
        if self.precision == "bfloat16":
            return torch.autocast(self.name, torch.bfloat16)
        return nullcontext()


def choose_device(name: str, precision: str, threads: int) -> Device:
    """The device that the config asks for; `auto` takes what the machine has.

    Args:
        name: `auto`, `cpu` or `cuda`.
        precision: `auto`, `float32` or `bfloat16`; `auto` is decided by the network.
        threads: CPU threads; they change sums in the last digits, so they are part of the record.

    Raises:
        InputError: for `cuda` on a machine without it.
    """
    torch.set_num_threads(threads)
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError(
            "device",
            f"device.name is cuda, but torch {torch.__version__} finds no CUDA device",
            "Training on the CPU instead would take days at full scale",
            "set device.name to auto or cpu, or run on a machine with a GPU",
        )
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return Device(name, precision)


def multiplies_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 in hardware, in matrix units (AMX) or vectors (AVX-512)."""
    flags = _processor()
    return "amx_bf16" in flags or "avx512_bf16" in flags


def _processor() -> str:
    """What Linux says of the CPU; nothing elsewhere."""
    cpu = Path("/proc/cpuinfo")
    return cpu.read_text(encoding="utf-8", errors="replace") if cpu.exists() else ""


def describe_hardware(name: str) -> dict:
    """CPU model, cores and memory in GB of this machine, and its accelerator if `name` is cuda."""
    lines = _processor().splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    units = " with AMX" if "amx_bf16" in _processor() else ""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": (models[0] if models else "unknown") + units,
        "cores": os.cpu_count(),
        "memory_gb": round(memory_bytes / 1e9),
        "accelerator": torch.cuda.get_device_name(0) if name == "cuda" else "none",
    }
