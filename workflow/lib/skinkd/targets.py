"""What a teacher says of each image in each view, computed once for all its students.

The file's header names everything that the numbers depend on. A student compares the
header with what it is about to train on and refuses another: stale targets train a
student on a lesson about other pictures, and nothing would look wrong.
"""

import json
import time

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from skinkd.atomic import digest_of, whole
from skinkd.checkpoints import digest_of_tensors
from skinkd.dataset import Part, predict_logits
from skinkd.errors import InputError, examples
from skinkd.intact import check_digest, stamped_digest_of
from skinkd.progress import Progress
from skinkd.sources import digest_of_modules
from skinkd.teachers import TeacherLogits

FORECAST_FROM = 32  # images


def describe_targets(
    *, path_to_array, path_to_split, path_to_teacher, augmentation: str, view_seed: int, views: int, classes
) -> dict[str, str]:
    """The header: digests of teacher, pictures, split and the code of the views, and the class order."""
    code = digest_of_modules(f"skinkd.augmentations.{augmentation}", "skinkd.dataset")
    return {
        "teacher": digest_of(path_to_teacher),
        "pictures": stamped_digest_of(path_to_array),
        "split": digest_of(path_to_split),
        "augmentation": f"{augmentation} {code}",
        "view_seed": str(view_seed),
        "views": str(views),
        "classes": " ".join(classes),
    }


def forecast_targets(network, train: Part, validation: Part, views: int) -> str:
    """How large the file of targets will be and about how long making it takes, in words.

    One batch is looked at for it, and once before to warm up.

    Args:
        network: on the parts' device, ready to look: a `skinkd.frozen.Frozen`.
    """
    chosen, numbers = torch.arange(min(len(train), FORECAST_FROM)), len(train.classes)
    seconds = [_look_s(network, train, chosen) for _ in range(2)][-1] / max(len(chosen), 1)
    looks = views * len(train) + len(validation)
    # Beside the logits, the parameters of each view are kept.
    size_bytes = 4 * (looks * numbers + views * train.parameters(0).numel())
    return (
        f"{views} views of {len(train):,} images, and {len(validation):,} of validation as they are: "
        f"{size_bytes / 1e6:.1f} MB of targets, about {looks * seconds:.0f} s"
    )


def _look_s(network, part: Part, chosen: Tensor) -> float:
    """Seconds of making one batch of the first view and looking at it, the device's work included."""
    started_s = time.perf_counter()
    with torch.inference_mode():
        network(part.batch(chosen, part.parameters(0))).cpu()
    return time.perf_counter() - started_s


def compute_targets(
    network, train: Part, validation: Part, device, views: int, say=print
) -> dict[str, Tensor]:
    """Logits of the training part in every view and of the validation part as it is.

    Returns:
        `train` (views, n_train, classes), `validation` (n_validation, classes) and
        `parameters` (views, n_train, P): what the teacher saw. All float32 on the CPU.
    """
    parameters, logits = [], []
    with Progress("teacher's views", total=views, unit="views", say=say) as progress:
        for view in range(views):
            parameters.append(train.parameters(view))
            logits.append(predict_logits(network, train, device, parameters[-1]).cpu())
            progress.advance()
    tensors = {
        "train": torch.stack(logits),
        "validation": predict_logits(network, validation, device).cpu(),
        "parameters": torch.stack(parameters).cpu(),
    }
    if not all(torch.isfinite(tensor).all() for tensor in tensors.values()):
        raise InputError(
            "targets", "the teacher's logits are not finite", "No student could learn", "train it again"
        )
    return tensors


def write_targets(path, tensors: dict[str, Tensor], header: dict[str, str]) -> None:
    """Write targets and header, atomically; the header also gets the digest of the targets."""
    header = header | {"targets": digest_of_tensors(tensors)}
    with whole(path) as partial:
        save_file(tensors, partial, metadata={"skinkd": json.dumps(header, sort_keys=True)})


def read_targets(paths, expected: list[dict[str, str]], parts: dict[str, Part], device: str) -> TeacherLogits:
    """Targets of one or several teachers, each made from what the student is about to train on.

    Args:
        parts: the student's, `train` and `validation`.

    Raises:
        InputError: a file does not belong to this run, or is damaged.
    """
    each = [_read_one(path, header, parts, device) for path, header in zip(paths, expected, strict=True)]
    return TeacherLogits(
        *(torch.stack([tensors[name] for tensors in each]) for name in ("train", "validation"))
    )


def _read_one(path, expected: dict[str, str], parts: dict[str, Part], device: str) -> dict[str, Tensor]:
    """The targets of one teacher.

    Raises:
        InputError: naming every entry of the header that differs, or shapes that do not fit, or
            images whose logits are not finite, or where the file is damaged.
    """
    header, tensors = _opened(path, device)
    differing = [key for key, value in expected.items() if header.get(key) != value]
    if differing:
        raise _stale(path, "; ".join(_difference(key, header.get(key), expected[key]) for key in differing))
    check_digest("targets", path, digest_of_tensors(tensors), header.get("targets"), "its header")
    if problems := _problems_of(tensors, parts, int(expected["views"])):
        raise _stale(path, "; ".join(problems))
    return tensors


def _problems_of(tensors: dict[str, Tensor], parts: dict[str, Part], views: int) -> list[str]:
    """What is wrong with targets for these parts: their shapes, or else their numbers."""
    kinds = {"train": (views, len(parts["train"])), "validation": (len(parts["validation"]),)}
    problems = []
    for name, shape in kinds.items():
        shape, found = (*shape, len(parts[name].classes)), tuple(tensors[name].shape)
        if found != shape:
            problems.append(f"its {name} part is {found}, of this run {shape} (views, images, classes)")
        elif len(bad := _not_finite(tensors[name], parts[name])):
            problems.append(f"its logits of {examples(bad)} are not finite")
    drawn = parts["train"].parameters(0)
    if not problems and not torch.equal(tensors["parameters"][0].cpu(), drawn):
        problems.append("the views were drawn otherwise than here")
    return problems


def _not_finite(logits: Tensor, part: Part) -> list[str]:
    """The images of which some logit is not a finite number."""
    of_images = logits.isfinite().all(dim=-1).reshape(-1, len(part)).all(dim=0)
    return part.table["image"][(~of_images).cpu().numpy()].tolist()


def _opened(path, device: str) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Header and tensors of a file of targets."""
    try:
        with safe_open(path, "pt", device=device) as file:
            header = json.loads((file.metadata() or {}).get("skinkd", "{}"))
            return header, {name: file.get_tensor(name) for name in ("train", "validation", "parameters")}
    except Exception as error:
        raise InputError(
            "targets",
            f"{path} cannot be read ({type(error).__name__}: {error})",
            "What the teacher said is not known",
            f"delete {path} and run again",
        ) from None


def _difference(key: str, found: str | None, expected: str) -> str:
    """One differing entry; long digests are cut."""
    return f"{key} was {str(found)[:24]}, is {expected[:24]}"


def _stale(path, what: str) -> InputError:
    """The error for targets made from something else."""
    return InputError(
        "targets",
        f"{path} does not belong to this run: {what}",
        "The student would learn from answers about other pictures",
        f"delete {path} and run again",
    )
