"""What a run of the graph will need of a disk and of memory, added up before its first job.

Rough by intent: what is certain to be too much is refused, the last gigabyte is not argued about.
"""

import os
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from skinkd.errors import InputError
from skinkd.grid import Run
from skinkd.network_sizes import size_of
from skinkd.official_counts import OFFICIAL
from skinkd.signatures import classes_of
from skinkd.sources_at_hand import local_path
from skinkd.study import Study

FLOAT_BYTES = 4
# Weights, gradients and at most two moments of an optimiser; what a checkpoint keeps is as much.
COPIES_OF_WEIGHTS = 4
ROW_BYTES, LOGIT_BYTES = 90, 13  # of a line of predictions, by measurement
PYTHON_BYTES = 400e6  # a job with its libraries


class Need(NamedTuple):
    """An amount and what it is for."""

    size_bytes: float
    purpose: str


def problem_of_disk(folder, needs: Iterable[Need]) -> InputError | None:
    """Nothing if the disk of a folder, which need not be there yet, has room for all needs together."""
    place = next(
        above for above in (Path(folder).absolute(), *Path(folder).absolute().parents) if above.exists()
    )
    free_bytes = shutil.disk_usage(place).free
    needs = sorted((need for need in needs if need.size_bytes), reverse=True)
    needed_bytes = sum(need.size_bytes for need in needs)
    if needed_bytes <= free_bytes:
        return None
    large = [need for need in needs if need.size_bytes >= needed_bytes / 100]
    parts = ", ".join(f"{_gigabytes(need.size_bytes)} for {need.purpose}" for need in large)
    what = f"need about {_gigabytes(needed_bytes)} free in {folder}, have {_gigabytes(free_bytes)} ({parts})"
    lacking = _gigabytes(needed_bytes - free_bytes)
    fix = f"free {lacking}, or set results in the config to a folder on a larger disk"
    return InputError("disk", what, "The disk would be full before the end", fix)


def _gigabytes(size_bytes: float) -> str:
    return f"{size_bytes / 1e9:.1f} GB"


def need_of_download(sources: list[str], size_bytes: int | None, path) -> float:
    """Bytes that are still to come of a file; 0 where nobody knows."""
    local = [found for found in map(local_path, sources) if found and found.is_file()]
    part = Path(f"{path}.part")
    whole_bytes = local[0].stat().st_size if local else size_bytes or 0
    return max(0, whole_bytes - (part.stat().st_size if part.exists() and not local else 0))


def need_of_folders(path: str | None) -> float:
    """Bytes of a zip or a folder that is packed; 0 where it is not there."""
    if path is None:
        return 0
    place = Path(path)
    files = [place] if place.is_file() else [file for file in place.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def images_of(study: Study, source: str) -> int:
    """Images of an archive: from the config, its publisher, or a zip at hand; 0 where nobody knows yet."""
    about = study.config.sources[source]
    if about.kind == "synthetic":
        return about.images
    if source in OFFICIAL:
        return sum(sum(counts.values()) for counts in OFFICIAL[source].values())
    return max(map(_members_of, _zips_of(study, source)), default=0)


def _zips_of(study: Study, source: str) -> list[Path]:
    """Files that may hold an archive's pictures."""
    about = study.config.sources[source]
    found = [Path(study.config.results, "archive", source, "images.zip")]
    if about.kind == "class_folders":
        return [*found, *([Path(about.path)] if about.path else [])]
    return [*found, *([Path(about.mirror, about.files.images.name)] if about.mirror else [])]


def _members_of(path: Path) -> int:
    """Files in a zip; 0 in what is none."""
    try:
        with zipfile.ZipFile(path) as file:
            return len(file.namelist())
    except (OSError, zipfile.BadZipFile):
        return 0


def need_of_packed(study: Study, source: str) -> float:
    """Bytes of an archive's packed pictures."""
    return images_of(study, source) * study.config.size_px**2 * 3


def need_of_drawn(study: Study, source: str) -> float:
    """Bytes that a synthetic archive has at most."""
    about = study.config.sources[source]
    return about.images * about.width_px**2 * 3


def need_of_training(study: Study, run: Run) -> float:
    """Bytes of a trained network and of its predictions; two fifths of the images are not trained on."""
    resolved = study.paper(run.paper, run.protocol)
    predicted = images_of(study, resolved.source) * (1 if resolved.evaluate_everything else 0.4)
    row_bytes = ROW_BYTES + LOGIT_BYTES * len(classes_of(resolved.split.name))
    return weights_bytes(study, run) + predicted * row_bytes


def need_of_targets(study: Study, run: Run) -> float:
    """Bytes of a teacher's logits of every image in every view."""
    resolved = study.paper(run.paper, run.protocol)
    images = images_of(study, resolved.source)
    return resolved.views * images * len(classes_of(resolved.split.name)) * FLOAT_BYTES


def need_of_checkpoints(study: Study, runs: Iterable[Run], at_once: int) -> float:
    """Bytes of the checkpoints of the largest networks that train at once, each with the one before it."""
    largest = sorted((weights_bytes(study, run) for run in runs), reverse=True)[:at_once]
    return 2 * COPIES_OF_WEIGHTS * sum(largest)


def weights_bytes(study: Study, run: Run) -> float:
    """Bytes of a run's network."""
    return size_of(study.network(*run.cell), study.config.size_px).weights * FLOAT_BYTES


def memory_of_training(study: Study, run: Run) -> float:
    """Bytes of memory that a training takes on a CPU at least.

    The interpreter; weights, gradients and moments; what a batch leaves for the backward pass, taken as half
    of what it is in float32 unless the config says float32. The packed pictures are mapped, not read into it.
    """
    size_px, recipe = study.config.size_px, study.training(*run.cell)
    size = size_of(study.network(*run.cell), size_px)
    pixels = recipe["batch_size"] * size_px**2
    share = 1.0 if study.config.device.precision == "float32" else 0.5
    return (
        PYTHON_BYTES + COPIES_OF_WEIGHTS * size.weights * FLOAT_BYTES + pixels * size.bytes_per_pixel * share
    )


def problem_of_memory(study: Study, runs: Iterable[Run], has_bytes: float) -> InputError | None:
    """Nothing if the largest of some trainings, alone, fits into so much memory."""
    needs = {run: memory_of_training(study, run) for run in runs}
    largest = max(needs, key=needs.get, default=None)
    if largest is None or needs[largest] <= has_bytes:
        return None
    batch_size = study.training(*largest.cell)["batch_size"]
    what = (
        f"{'/'.join(largest.cell)} needs about {_gigabytes(needs[largest])} of memory at batch_size "
        f"{batch_size} and {study.config.size_px} px, this machine has {_gigabytes(has_bytes)}"
    )
    fix = "run on a machine with more, or lower training.batch_size or size_px under changes"
    return InputError("memory", what, "The system would kill the training", fix)


def memory_bytes(
    limits=("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"),
) -> float:
    """Memory of this machine, or of the container that we are in, where that has less."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    words = [Path(limit).read_text(encoding="ascii").strip() for limit in limits if Path(limit).exists()]
    return min([total, *(int(word) for word in words if word.isdecimal())])
