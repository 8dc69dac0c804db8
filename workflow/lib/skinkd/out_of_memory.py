"""A GPU without room for a step of training: what was asked of it, and what makes it fit."""

import numpy as np
import torch

from skinkd.errors import InputError
from skinkd.interruptions import Interrupted

# Of the GPU's memory: less is what every process that uses a GPU takes.
MUCH = 0.1
WAYS_OUT = (
    "lower batch_size under changes of this paper, which gives other results and is reported, set "
    "device.precision to bfloat16, or, where others share the GPU, device.students_together and "
    "device.jobs_per_gpu to 1; the last checkpoint is kept"
)


class Crowded(Interrupted):
    """Students that stepped together had no room; the next try has fewer."""


def no_room(asked: str, students: int, error: torch.OutOfMemoryError) -> Exception:
    """What to raise where students had no room.

    A job may run again where that changes something: fewer students step together then, or whoever else
    filled the GPU may be gone. A student that does not fit alone never will. That is for the user to mend:
    another batch size gives other results.

    Args:
        asked: what memory was needed for, see `asked_by`.
        students: that stepped together.
    """
    said = str(error).split(". ")[0].strip(". ")
    if students > 1:
        return Crowded(
            f"{students} students together have no room on the GPU ({said}); "
            "run again, they go on from their checkpoints and fewer of them step together"
        )
    if (taken := _taken_by_others()) > MUCH:
        return Interrupted(
            f"{asked}, of which others hold {taken:.0%} ({said}); "
            "run again when they are gone, or set device.jobs_per_gpu to 1; it goes on from its checkpoint"
        )
    return InputError("memory", f"{asked} ({said})", "The same step would fail again", WAYS_OUT)


def asked_by(run: dict, network: str, batch_size: int, path_to_array) -> str:
    """What a run asks of the GPU's memory, and does not get.

    Args:
        run: names the paper, protocol and arm.
        path_to_array: of the packed pictures, (N, S, S, 3).
    """
    arm = "/".join(str(run[key]) for key in ("paper", "protocol", "arm"))
    size_px = np.load(path_to_array, mmap_mode="r").shape[1]
    return f"{network} of {arm} with batch_size {batch_size} at {size_px} px has no room on the GPU"


def _taken_by_others() -> float:
    """The share of the GPU's memory that other processes hold."""
    if not torch.cuda.is_available():
        return 0.0
    free, total = torch.cuda.mem_get_info()
    return max(0.0, (total - free - torch.cuda.memory_reserved()) / total)
