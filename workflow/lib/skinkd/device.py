"""Where networks run and in which precision; chosen once, recorded everywhere."""

import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch

from skinkd.allocator import keep_freed_memory
from skinkd.compiling import compile_training, pays
from skinkd.depthwise import quicken
from skinkd.errors import InputError


@dataclass(frozen=True)
class Device:
    """A chosen device, and how it computes.

    Attributes:
        name: `cpu` or `cuda`.
        precision: `float32` or `bfloat16` (autocast; parameters stay float32).
        deterministic: whether only algorithms that give the same bits each time are used.
        compile: `never`, `always`, or `auto`: where it pays.
    """

    name: str
    precision: str
    deterministic: bool = False
    compile: str = "never"

    def autocast(self):
        """The context in which forward passes run."""
        if self.precision == "bfloat16":
            return torch.autocast(self.name, torch.bfloat16)
        return nullcontext()

    def compiles(self, images_shown: int) -> bool:
        """Whether a network that is trained on so many images, all epochs together, is compiled for it."""
        if self.compile == "auto":
            # What a compiler makes of a network changes with its version and the processor.
            return not self.deterministic and pays(self.name, images_shown)
        return self.compile == "always"

    def place(self, network: torch.nn.Module, images_shown: int = 0) -> torch.nn.Module:
        """The network itself, here, in the form in which its training steps are quick.

        Args:
            images_shown: of its training, all epochs together; 0 for one that is not trained.
        """
        network = network.to(self.name, memory_format=torch.channels_last)
        if self.name == "cpu":
            quicken(network)
        return compile_training(network) if self.compiles(images_shown) else network


def choose_device(
    name: str, precision: str, threads: int, deterministic: bool = False, compile: str = "never"
) -> Device:
    """The device that the config asks for; `auto` takes what the machine has. Torch is set up for it.

    Args:
        name: `auto`, `cpu` or `cuda`.
        precision: `auto`, `float32` or `bfloat16`; `auto` takes bfloat16 where the device multiplies in it.
        threads: CPU threads; they change sums in the last digits, so they are part of the record.
        deterministic: allow only algorithms that give the same bits each time; others stop the job.
        compile: `auto`, `never` or `always`.

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
    if precision == "auto":
        precision = "bfloat16" if name == "cuda" or multiplies_bfloat16() else "float32"
    keep_freed_memory()
    _set_algorithms(precision, deterministic)
    return Device(name, precision, deterministic, compile)


def _set_algorithms(precision: str, deterministic: bool) -> None:
    """Tell torch which algorithms it may take."""
    # TensorFloat-32, torch's default for convolutions, keeps ten bits of a factor: that is not float32.
    torch.backends.cudnn.allow_tf32 = precision != "float32"
    torch.backends.cudnn.benchmark = not deterministic
    torch.backends.cudnn.deterministic = deterministic
    if deterministic:
        # cuBLAS reads it when it is first used.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # Asking for it imports a part of torch's compiler, also where nothing changes.
    if deterministic != torch.are_deterministic_algorithms_enabled():
        torch.use_deterministic_algorithms(deterministic)


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
