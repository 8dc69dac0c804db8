"""What a job does with networks, as amounts of units that can be timed one by one.

Amounts are upper bounds: every training runs to its last epoch, as if none stopped early.
"""

from collections import Counter
from dataclasses import dataclass
from math import ceil

from skinkd.grid import Run, teachers_of
from skinkd.signals import QUARTER_TURNS, TURNED
from skinkd.signatures import ONLINE, classes_of, inputs_of
from skinkd.study import Study

# Of the arithmetic of a pass; the forward half of it is a third.
BACKWARD_SHARE = 2 / 3


@dataclass(frozen=True)
class Network:
    """What a network's time depends on; `parameters` are pairs, sorted."""

    name: str
    parameters: tuple[tuple[str, object], ...]
    classes: int


@dataclass(frozen=True)
class Pass:
    """One picture forward and backward, in batches of `pictures`."""

    network: Network
    pictures: int


@dataclass(frozen=True)
class Look:
    """One picture forward in evaluation mode, its preparation included."""

    network: Network


@dataclass(frozen=True)
class Update:
    """One step of the optimiser."""

    network: Network


@dataclass(frozen=True)
class View:
    """One picture turned into a training view."""

    augmentation: str


@dataclass(frozen=True)
class Loss:
    """One term that compares maps, embeddings or turned views, forward and backward for one batch."""

    name: str
    parameters: tuple[tuple[str, object], ...]
    student: Network
    teacher: Network | None
    batch: int
    turns: int


def network_of(study: Study, paper: str, protocol: str, arm: str) -> Network:
    """The network of an arm."""
    spec = study.network(paper, protocol, arm)
    classes = classes_of(study.paper(paper, protocol).split.name)
    return Network(spec["name"], tuple(sorted(spec["parameters"].items())), len(classes))


def steps_of(images: int, batch: int) -> int:
    """Batches in an epoch; a last batch of one image joins its neighbour."""
    return ceil(images / batch) - (images > batch and images % batch == 1)


def work_of_training(study: Study, run: Run, images: dict[str, int]) -> Counter:
    """Units of a training, its validation after each epoch and its predictions.

    Args:
        images: in each part of the split.
    """
    resolved, recipe = study.paper(run.paper, run.protocol), study.training(*run.cell)
    network, losses = network_of(study, *run.cell), losses_of(study, run)
    turns = turns_of(study, run)
    epochs, batch = recipe["epochs"], recipe["batch_size"]
    shown, validated = (epochs * turns * images[part] for part in ("train", "validation"))
    predicted = sum(images.values()) - (0 if resolved.evaluate_everything else images["train"])
    weighed = _weighed(study, run) * epochs * turns * min(batch, images["train"])
    steps = epochs * steps_of(images["train"], batch)
    work = Counter({loss: steps * amount for loss, amount in losses.items()})
    work[Pass(network, batch * turns)] += shown + BACKWARD_SHARE * weighed
    work[Look(network)] += validated + predicted
    work[View(resolved.augmentation.name)] += shown
    work[Update(network)] += steps
    if study.teaches(*run.cell) == "online":
        (teacher,) = teachers_of(study, run)
        work[Look(network_of(study, *teacher.cell))] += shown + validated
    return work


def turns_of(study: Study, run: Run) -> int:
    """How many turned views of each picture a training looks at."""
    return len(QUARTER_TURNS) if study.inputs(*run.cell) & TURNED else 1


def _weighed(study: Study, run: Run) -> int:
    """How often an epoch's middle batch goes backward only to weigh the terms: never where there is one."""
    terms = len(study.arm(*run.cell).loss)
    return terms if terms > 1 else 0


def losses_of(study: Study, run: Run) -> Counter:
    """The terms of a training that take time: those of logits alone are as quick as the one in `Pass`."""
    terms = [term for term in study.arm(*run.cell).loss if ONLINE & set(inputs_of(term.name))]
    teachers = [network_of(study, *teacher.cell) for teacher in teachers_of(study, run)]
    return Counter(
        Loss(
            term.name,
            tuple(sorted((key, value) for key, value in term.parameters.items() if key != "weight")),
            student=network_of(study, *run.cell),
            teacher=next(iter(teachers), None),
            batch=study.training(*run.cell)["batch_size"],
            turns=turns_of(study, run),
        )
        for term in terms
    )


def work_of_targets(study: Study, run: Run, images: dict[str, int]) -> Counter:
    """Units of a teacher that looks at every training image in every view, and at the validation images."""
    resolved = study.paper(run.paper, run.protocol)
    seen = resolved.views * images["train"]
    network = network_of(study, *run.cell)
    return Counter({Look(network): seen + images["validation"], View(resolved.augmentation.name): seen})


def work_of_projection(study: Study, run: Run, images: dict[str, int]) -> Counter:
    """Units of the training of a self-supervision head: its teacher looks at all four views in each epoch."""
    resolved = study.paper(run.paper, run.protocol)
    each_epoch = resolved.self_supervision.epochs * len(QUARTER_TURNS)
    looks = each_epoch * (images["train"] + images["validation"])
    network = network_of(study, *run.cell)
    views = each_epoch * images["train"]
    return Counter({Look(network): looks, View(resolved.augmentation.name): views})
