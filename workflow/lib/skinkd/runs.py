"""One run of the training loop, put together from its files: parts, network, teachers, objective."""

from skinkd.adapters import build_adapter, projection_head
from skinkd.allocator import keep_freed_memory
from skinkd.atomic import digest_of
from skinkd.checkpoints import fill, load_network, read_description, read_weights
from skinkd.dataset import Part, open_array
from skinkd.device import Device, describe_hardware
from skinkd.errors import InputError
from skinkd.frozen import Frozen
from skinkd.intact import check_digest, shown
from skinkd.losses import load_terms
from skinkd.network_cost import megabytes, multiply_accumulates, time_inference
from skinkd.networks import map_channels, trainable_parameters
from skinkd.optimizers import kernels_of
from skinkd.signals import Signals
from skinkd.signatures import inputs_of
from skinkd.targets import describe_targets, read_targets
from skinkd.teachers import OnlineTeacher, TeacherLogits, altered
from skinkd.training import Recipe, Trainer

PARTS = ("train", "validation", "test")


def open_parts(
    path_to_array, path_to_split, classes, run: dict, device: str, names=PARTS[:2]
) -> dict[str, Part]:
    """Parts of a split, with the views of a run.

    Args:
        run: what the job is told; its augmentation and view_seed matter here.
    """
    array, split = open_array(path_to_array, path_to_split)
    views = {"augmentation": run["augmentation"], "view_seed": run["view_seed"], "device": device}
    return {name: Part(array, split[split["part"] == name], classes, **views) for name in names}


def read_teachers(
    paths_to_targets, paths_to_teachers, parts: dict[str, Part], run: dict, device: str, **made_from
):
    """What the teachers of a cached arm said, or None for other arms.

    Args:
        made_from: path_to_array and path_to_split, on which the targets must have been made.

    Raises:
        InputError: for targets that were made from something else.
    """
    if not paths_to_targets:
        return None
    headers = [
        describe_targets(
            **made_from,
            path_to_teacher=path,
            classes=parts["train"].classes,
            **{key: run[key] for key in ("augmentation", "view_seed", "views")},
        )
        for path in paths_to_teachers
    ]
    said = read_targets(paths_to_targets, headers, parts, device)
    return altered(said, run["control"], run["seed"])


def open_teacher(path_to_teacher, path_to_projection, device: Device) -> OnlineTeacher:
    """A teacher that looks at the student's pictures itself, frozen."""
    network = Frozen(load_network(path_to_teacher)[0], device)
    projection = read_projection(path_to_projection, path_to_teacher) if path_to_projection else None
    return OnlineTeacher(
        network, projection and projection.to(device.name).eval().requires_grad_(False), device
    )


def check_teachers(paths_to_teachers, classes, path_to_split) -> None:
    """See that teachers were trained for this task and on this split.

    Raises:
        InputError: where one knows other classes, or in another order, or was trained on other images.
    """
    split = digest_of(path_to_split)
    for path in paths_to_teachers:
        description = read_description(path)
        found, own = description["classes"], list(classes)
        if found != own:
            raise _not_a_teacher(
                path, f"class order of teacher {_list(found)} differs from student {_list(own)}"
            )
        if description.get("split") != split:
            digests = shown(description.get("split")), shown(split)
            raise _not_a_teacher(path, "it was trained on split {}, this is split {}".format(*digests))


def check_initial(path, pinned: str | None) -> None:
    """See that the weights from which a run starts are those that were fetched.

    Args:
        path: of the weights, or None.
        pinned: their sha256, or at least its first 8 digits; None accepts any.

    Raises:
        InputError: where they are others.
    """
    if path and pinned:
        check_digest("weights", path, digest_of(path)[: len(pinned)], pinned, "the config")


def _list(names: list[str]) -> str:
    return f"[{', '.join(names)}]"


def _not_a_teacher(path, what: str) -> InputError:
    return InputError(
        "teacher",
        f"{path} cannot teach this student: {what}",
        "The student would learn other classes, or from images that it is tested on",
        f"delete {path} and run again: the job that makes it repeats",
    )


def read_projection(path, path_to_teacher):
    """The self-supervision head of the teacher at `path_to_teacher`.

    Raises:
        InputError: where the file is damaged, or the head was trained on another teacher, or is none.
    """
    description = read_description(path)
    if description.get("teacher") != digest_of(path_to_teacher):
        raise InputError(
            "projection",
            f"{path} was trained on another teacher than {path_to_teacher}",
            "The student would imitate what it makes of another network's features",
            f"delete {path} and run again",
        )
    widths = [tensor.shape[-1] for tensor in read_weights(path, description).values()]
    head = projection_head(widths[0] if widths else 1)
    fill(head, path, description, "a self-supervision head")
    return head


def make_trainer(
    network, parts: dict[str, Part], run: dict, device: Device, cached: TeacherLogits | None, teacher
) -> Trainer:
    """The trainer of a run.

    Args:
        cached: what teachers said before; None for arms without a teacher and for online ones.
        teacher: the `OnlineTeacher` of an online arm, or None.
    """
    train = parts["train"]
    asked = {name for term in run["loss"] for name in inputs_of(term["name"])}
    network = device.place(network, run["training"]["epochs"] * len(train))
    size_px = train.size_px
    supplied = {"class_counts": train.class_counts()}
    if cached is not None:
        supplied["teacher_logits"] = cached.train[0, 0]

    def adapter(kind):
        return build_adapter(kind, map_channels(network, size_px), map_channels(teacher.network, size_px))

    terms = load_terms(run["loss"], supplied, adapter)
    projects = "student_projection" in asked
    projection = projection_head(map_channels(network, size_px)) if projects else None
    return Trainer(
        Signals(network, asked, device=device, projection=projection, teacher=teacher),
        train,
        parts["validation"],
        terms=terms,
        cached=cached,
        recipe=Recipe(**run["training"]),
        views=run["views"],
        seed=run["seed"] + run["seed_offset"],
        device=device,
    )


def describe_cost(network, trainer: Trainer, device: Device) -> dict:
    """Size, arithmetic and times of a trained network, and the machine they were measured on."""
    size_px = trainer.train_part.size_px
    return {
        "parameters": trainable_parameters(network),
        "macs": multiply_accumulates(network, size_px),
        "size_mb": round(megabytes(network), 3),
        "inference_step_ms": round(time_inference(network, size_px, device), 3),
        "training_runtime_s": round(trainer.runtime_s, 3),
        "precision": device.precision,
        "deterministic": device.deterministic,
        "compiled": device.compiles(trainer.recipe.epochs * len(trainer.train_part)),
        "optimizer_kernels": kernels_of(trainer.recipe.optimizer["name"]),
        "allocator": keep_freed_memory(),
        "hardware": describe_hardware(device.name),
    }
