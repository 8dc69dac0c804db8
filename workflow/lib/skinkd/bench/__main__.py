"""Measure and write the table: `python -m skinkd.bench [--rows 1,3,cuda] [--repeats 7]`."""

import argparse
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from importlib import import_module
from pathlib import Path

from skinkd import formats
from skinkd.bench.crew import take_turns
from skinkd.bench.experiments import Experiment
from skinkd.bench.machine import describe_machine, describe_settings
from skinkd.bench.readme import update_readme
from skinkd.bench.results import Results
from skinkd.bench.scene import Scene, draw_scene
from skinkd.errors import InputError

ROWS = ("1", "2", "3", "4", "5", "6", "7", "8", "cuda")
PICTURES = 192
REPEATS = 5


def bench(rows: list[str], repeats: int, folder, scene: Scene, say=print) -> Results:
    """Measure the rows, one experiment after another; each is written as soon as it is done."""
    draw_scene(scene)
    results = Results(folder, describe_machine(), describe_settings(scene, repeats))
    experiments = [experiment for row in rows for experiment in experiments_of(row, scene)]
    left = Left(experiments, repeats, say)
    for experiment in experiments:
        results.add(measure(experiment, repeats, scene, left))
    return results


def experiments_of(row: str, scene: Scene) -> list[Experiment]:
    """The experiments of a row; those of `cuda` only where there is such a device."""
    name = row if row == "cuda" else f"row{row}"
    return import_module(f"skinkd.bench.rows.{name}").experiments(scene)


def measure(experiment: Experiment, repeats: int, scene: Scene, left: "Left") -> list:
    """Prepare an experiment, let its sides take turns, make its rows."""
    experiment.prepare()
    logs = Path(scene.folder, "logs", experiment.name)
    logs.mkdir(parents=True, exist_ok=True)
    after_turn, warm_ups = partial(left.count, experiment), experiment.warm_ups
    return experiment.rows(take_turns(experiment.sides, repeats, logs, after_turn, warm_ups))


class Left:
    """How long it will still take: the experiments' own guesses, corrected by how wrong they were so far."""

    def __init__(self, experiments: list[Experiment], repeats: int, say):
        self.repeats, self.say, self.started_s = repeats, say, time.monotonic()
        self.guessed_s = sum(e.turn_s * (e.warm_ups + repeats) for e in experiments)
        self.done_s, self.turns = 0.0, Counter()

    def count(self, experiment: Experiment) -> None:
        """Say that a turn of an experiment is over."""
        self.done_s += experiment.turn_s
        self.turns[experiment.name] += 1
        turn, turns = self.turns[experiment.name], experiment.warm_ups + self.repeats
        elapsed_s = time.monotonic() - self.started_s
        left_s = elapsed_s / self.done_s * max(self.guessed_s - self.done_s, 0.0)
        self.say(f"{experiment.name}: turn {turn} of {turns}, about {formats.duration(left_s)} left")


def rows_of(text: str) -> list[str]:
    """`1,3` as a list of rows."""
    rows = text.split(",")
    unknown = [row for row in rows if row not in ROWS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(ROWS)}")
    return rows


def at_least_five(text: str) -> int:
    """A number of turns that a median can be taken of."""
    if not text.isdecimal() or int(text) < REPEATS:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of {REPEATS} or more")
    return int(text)


def main(arguments: list[str]) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m skinkd.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=rows_of, default=list(ROWS), help="such as 1,3; all by default")
    parser.add_argument("--repeats", type=at_least_five, default=REPEATS, help="turns of each experiment")
    parser.add_argument("--folder", default="results", help="where the files are written")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="skinkd-bench-") as folder:
        bench(given.rows, given.repeats, given.folder, Scene(folder, PICTURES))
    update_readme(given.folder)
    print(f"\nThe table: {Path(given.folder, 'benchmark.md').resolve()}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except InputError as error:
        sys.exit(str(error))
