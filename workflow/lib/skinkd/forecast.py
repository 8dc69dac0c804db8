"""How many jobs a study has, and how long they take: `python -m skinkd.forecast CONFIG [--steps N]`.

Jobs are counted, steps of the networks are measured on this machine's device, and their product is the time.
Writes `results/<study>/forecast.json`, and for a study at the papers' scale the README's lines on the grid.
"""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

import torch

from skinkd import formats
from skinkd.atomic import write_text
from skinkd.config import read_config
from skinkd.device import choose_device, describe_hardware
from skinkd.errors import InputError
from skinkd.grid import count_jobs, projections, targets, trainings
from skinkd.part_sizes import part_sizes, table_of
from skinkd.provenance import versions
from skinkd.readme_block import with_block
from skinkd.records import write_record
from skinkd.step_times import PICTURES_ON_CPU, Stopwatch
from skinkd.study import BASE, Study, open_study
from skinkd.workload import (
    Look,
    Loss,
    Network,
    Pass,
    Update,
    View,
    work_of_projection,
    work_of_targets,
    work_of_training,
)

README = Path("README.md")
BEGIN, END = "<!-- grid: make forecast -->", "<!-- end of grid -->"
STEPS = {"cpu": 2, "cuda": 20}
JOBS = {
    "train": (trainings, work_of_training),
    "cache_targets": (targets, work_of_targets),
    "train_projection": (projections, work_of_projection),
}
RESTS_ON = (
    "Every training runs to its last epoch: one that stops early takes less.",
    "Weights and pictures are random; the time of a step does not depend on them.",
    "Each optimiser is charged as Adam.",
    "A backward pass is two thirds of a pass.",
    "FLOP are two for each multiply-accumulate of the networks' convolutions and linear layers, "
    "adapters and self-supervision heads left out.",
)
LEFT_OUT = (
    "starting jobs, reading and writing files, checkpoints",
    "self-supervision heads, and terms of the loss during validation",
    "rules without networks, the report, and its pictures",
)


def forecast(study: Study, path_to_config, steps: int | None = None, say=print) -> dict:
    """Count the jobs, measure the steps, multiply.

    Args:
        path_to_config: named in the record.
        steps: timed ones of each kind; by default more on a GPU than on a CPU.

    Raises:
        InputError: where nobody knows how many images there will be.
    """
    jobs, sizes = count_jobs(study), part_sizes(study)
    say(f"{study.config.study.name}: {sum(jobs.values()):,} jobs, {jobs['train']:,} of them trainings")
    work = work_by_rule(study, sizes)
    device = _device(study)
    steps = steps or STEPS[device.name]
    watch = Stopwatch(device, study.config.size_px, steps)
    watch.time_all(dict.fromkeys(unit for _, units in work.values() for unit in units), say)
    entries = [_entry(key, amount, units, watch) for key, (amount, units) in work.items()]
    return {
        "study": study.config.study.name,
        "config": str(path_to_config),
        "jobs": {"total": sum(jobs.values()), **jobs},
        "hours": sum(entry["hours"] for entry in entries),
        "flop": sum(entry["flop"] for entry in entries),
        "work": entries,
        "images": {source: _images(study, source) for source in study.sources()},
        "splits": [
            {"paper": paper, "protocol": protocol, "fold": fold, **images}
            for (paper, protocol, fold), images in sizes.items()
        ],
        "measured": _measured(watch),
        "rests_on": list(RESTS_ON),
        "left_out": list(LEFT_OUT),
        "hardware": describe_hardware(device.name),
        "versions": versions(),
    }


def work_by_rule(study: Study, sizes: dict) -> dict[tuple[str, str, str], tuple[int, Counter]]:
    """Jobs and their units for each (paper, protocol, rule)."""
    work = {}
    for rule, (runs_of, work_of) in JOBS.items():
        for run in runs_of(study):
            jobs, units = work.get((run.paper, run.protocol, rule), (0, Counter()))
            units.update(work_of(study, run, sizes[run.paper, run.protocol, run.fold]))
            work[run.paper, run.protocol, rule] = (jobs + 1, units)
    return work


def hours_of(units: Counter, seconds: dict) -> float:
    """How long an amount of units takes, given the seconds of each."""
    return sum(amount * seconds[unit] for unit, amount in units.items()) / 3600


def flop_of(units: Counter, macs: dict[Network, int]) -> int:
    """Arithmetic of the networks: a pass is three forward ones, and each weight is two operations."""
    forward = {Look: 1, Pass: 3}
    counts = (
        amount * forward[type(unit)] * macs[unit.network]
        for unit, amount in units.items()
        if type(unit) in forward
    )
    return round(2 * sum(counts))


def _device(study: Study):
    """This machine's device, whichever the study asks for, in its precision."""
    asked = study.config.device
    name = "cpu" if asked.name == "cpu" else "auto"
    return choose_device(name, asked.precision, min(asked.threads, os.cpu_count() or 1))


def _images(study: Study, source: str) -> dict:
    """How many images a source has, and how that is known."""
    table, origin = table_of(study, source)
    return {"images": len(table), "known_from": origin}


def _entry(key: tuple[str, str, str], jobs: int, units: Counter, watch: Stopwatch) -> dict:
    """One paper, protocol and rule."""
    macs = {network: found.macs for network, found in watch.networks.items()}
    return {
        **dict(zip(("paper", "protocol", "rule"), key, strict=True)),
        "jobs": jobs,
        "hours": hours_of(units, watch.seconds),
        "flop": flop_of(units, macs),
    }


def _measured(watch: Stopwatch) -> dict:
    """What was timed, in milliseconds."""
    ms = {unit: 1000 * seconds for unit, seconds in watch.seconds.items()}
    return {
        "size_px": watch.size_px,
        "steps": watch.steps,
        "threads": torch.get_num_threads(),
        "pictures_at_once": (
            "whole batches"
            if watch.device.name == "cuda"
            else f"at most {PICTURES_ON_CPU}, and the time of one picture is taken for the same in any batch"
        ),
        "networks": [_network(network, found, ms) for network, found in watch.networks.items()],
        "views": [
            {"augmentation": unit.augmentation, "ms_per_picture": value}
            for unit, value in ms.items()
            if isinstance(unit, View)
        ],
        "losses": [_loss(unit, value) for unit, value in ms.items() if isinstance(unit, Loss)],
    }


def _network(network: Network, found, ms: dict) -> dict:
    """One network's times; a pass by the number of pictures in a batch."""
    passes = {u.pictures: v for u, v in ms.items() if isinstance(u, Pass) and u.network == network}
    return {
        "name": network.name,
        "parameters": dict(network.parameters),
        "classes": network.classes,
        "macs": found.macs,
        "precision": found.precision,
        "look_ms_per_picture": ms.get(Look(network)),
        "pass_ms_per_picture": {str(pictures): passes[pictures] for pictures in sorted(passes)},
        "update_ms": ms.get(Update(network)),
    }


def _loss(unit: Loss, value: float) -> dict:
    """One term's time for a batch."""
    return {
        "name": unit.name,
        "parameters": dict(unit.parameters),
        "student": unit.student.name,
        "teacher": unit.teacher and unit.teacher.name,
        "pictures": unit.batch * unit.turns,
        "ms_per_batch": value,
    }


def grid_block(record: dict) -> str:
    """The README's lines about the grid."""
    jobs, machine = record["jobs"], record["hardware"]
    where = f"{formats.plural(record['measured']['threads'], 'thread')} of {machine['cpu']}"
    if machine["accelerator"] != "none":
        where = f"one {machine['accelerator']}"
    return "\n".join(
        [
            BEGIN,
            f"The complete grid: {formats.count(jobs['total'])} jobs, {formats.count(jobs['train'])} of them "
            f"trainings. On {where}, measured steps add up to {record['hours']:,.0f} hours "
            "if no run stops early: "
            f"{record['flop'] / 1e18:,.0f} exaFLOP in the networks. On another machine, "
            f"`make forecast CONFIG={record['config']}` measures anew.",
            END,
        ]
    )


def main(path_to_config, steps: int | None = None) -> Path:
    """Write the record of a study's forecast; tell the README, if the study is the papers' own."""
    study = open_study(read_config(BASE, path_to_config))
    record = forecast(study, path_to_config, steps)
    path = Path("results", study.config.study.name, "forecast.json")
    write_record(path, record)
    if study.config.study.scale == "full":
        write_text(README, with_block(README.read_text(encoding="utf-8"), grid_block(record)))
    print(f"At most {record['hours']:,.1f} hours, {record['flop']:.3g} FLOP: {path}")
    return path


def _count(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")
    return int(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m skinkd.forecast", description=__doc__.splitlines()[0])
    parser.add_argument("config", metavar="CONFIG")
    parser.add_argument("--steps", type=_count, help="timed steps of each kind")
    given = parser.parse_args()
    try:
        main(given.config, given.steps)
    except InputError as error:
        sys.exit(str(error))
