"""What a job asks of the machine, known without importing torch."""

from pathlib import Path

NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")


def gpus_per_job(device: str, driver: Path = NVIDIA_DRIVER) -> int:
    """GPUs that a training job takes: 1 where it will run on one, so that jobs wait for each other.

    Args:
        device: `cpu`, `cuda`, or `auto`, which takes a GPU where this machine has a driver for one.
        driver: file that the driver shows.
    """
    return int(device == "cuda" or (device == "auto" and driver.exists()))
