"""Which task is shipped, which students may be, and which networks are timed: known from the config."""

import json

from skinkd.config import CLEAN
from skinkd.errors import InputError
from skinkd.grid import Run, trainings
from skinkd.signatures import classes_of
from skinkd.study import Study

RULE = (
    "The task: leak-free where the study trains a student so, else the study's first protocol that does; of "
    "its tasks the one with the most classes, of equals the study's first. The arm: of the task's students, "
    "distilled or alone, controls left out, the one with the highest balanced accuracy on the validation "
    "part, mean over folds and seeds; of equals the study's first. The network: of the arm's runs the one "
    "with the highest. The test part is not looked at."
)


def is_candidate(study: Study, cell: tuple[str, str, str]) -> bool:
    """Whether an arm may be shipped: a student, taught by a teacher that knows something, or by none."""
    about = study.arm(*cell)
    return about.role != "teacher" and not about.control


def task_of(study: Study) -> tuple[str, str]:
    """Paper and protocol of the task that is shipped.

    Raises:
        InputError: where the study trains no student.
    """
    tasks = list(dict.fromkeys(cell[:2] for cell in study.cells() if is_candidate(study, cell)))
    if not tasks:
        raise InputError(
            "deploy",
            f"the study {study.config.study.name} trains no student",
            "There is nothing to ship",
            "put an arm with the role student or distilled on the config's list of arms",
        )
    order = [CLEAN, *study.config.protocols]
    first = min(order.index(protocol) for _, protocol in tasks)
    return max((task for task in tasks if task[1] == order[first]), key=lambda task: classes_in(study, *task))


def classes_in(study: Study, paper: str, protocol: str) -> int:
    """How many classes a task has."""
    return len(classes_of(study.paper(paper, protocol).split.name))


def candidates(study: Study) -> list[Run]:
    """The runs of every arm of the task that may be shipped.

    Raises:
        InputError: where the study trains no student.
    """
    task = task_of(study)
    arms = [cell for cell in study.cells() if cell[:2] == task and is_candidate(study, cell)]
    return [Run(*cell, *run) for cell in arms for run in study.runs(*task)]


def timed(study: Study) -> dict[Run, list[tuple[str, str, str]]]:
    """One run for each kind of network that the study trains, and the arms that have this kind.

    Kinds differ in architecture, parameters or number of classes; what was learned changes no time.
    """
    first_of: dict[str, Run] = {}
    arms: dict[Run, list] = {}
    for run in trainings(study):
        network = study.network(*run.cell) | {"weights": None, "classes": classes_in(study, *run[:2])}
        first = first_of.setdefault(json.dumps(network, sort_keys=True), run)
        if run.cell not in arms.setdefault(first, []):
            arms[first].append(run.cell)
    return arms


def arms_described(study: Study) -> dict[str, dict]:
    """Label, role and teachers of each arm of the task."""
    paper, protocol = task_of(study)
    return {
        name: {"label": arm.label, "role": arm.role, "teachers": list(arm.teachers)}
        for name, arm in study.paper(paper, protocol).arms.items()
    }
