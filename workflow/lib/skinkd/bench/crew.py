"""Sides of a comparison as processes that are asked in turn."""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from skinkd.errors import InputError
from skinkd.sources import PACKAGE

# Every library that starts threads of its own is told how many.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Side:
    """One way to do the work.

    Attributes:
        module: file in `sides/` that does it.
        settings: keywords of its `prepare`.
        threads: of each process.
        processes: how many do it at the same time; several are told their `number` if they ask.
    """

    module: str
    settings: dict = field(default_factory=dict)
    threads: int = 1
    processes: int = 1


class Worker:
    """A process that does the work of a side whenever it is asked."""

    def __init__(self, side: Side, settings: dict, log):
        environment = os.environ | dict.fromkeys(THREADS, str(side.threads))
        environment["PYTHONPATH"] = str(PACKAGE.parent)
        command = [sys.executable, "-m", "skinkd.bench.worker", side.module, json.dumps(settings)]
        self.side, self.log = side, log
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
        )

    def ask(self) -> None:
        """Have the work done once."""
        self.process.stdin.write("again\n")
        self.process.stdin.flush()

    def answer(self) -> dict:
        """The next answer.

        Raises:
            InputError: where the process ended without one.
        """
        line = self.process.stdout.readline()
        if not line:
            said = Path(self.log.name).read_text(encoding="utf-8").splitlines() or ["nothing"]
            raise InputError(
                "bench",
                f"{self.side.module} ended with status {self.process.wait()}, saying: {said[-1]}",
                "There is nothing to compare with",
                "mend it, or leave its row out with --rows",
            )
        return json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def take_turns(
    sides: dict[str, Side], repeats: int, log_folder, after_turn=lambda: None, warm_ups: int = 1
) -> list[dict]:
    """`repeats` turns in which every side does its work once, after `warm_ups` turns that are not counted.

    Args:
        sides: by name, in the order of a turn.
        log_folder: takes what the sides print, one file each.
        after_turn: called after each turn.

    Returns:
        One mapping for each turn, from a side's name to its reading.
    """
    with ExitStack() as stack:
        crews = {name: _start(stack, side, Path(log_folder, f"{name}.log")) for name, side in sides.items()}
        turns = []
        for turn in range(warm_ups + repeats):
            readings = {name: _read(crew) for name, crew in crews.items()}
            after_turn()
            if turn >= warm_ups:
                turns.append(readings)
        return turns


def _start(stack: ExitStack, side: Side, path: Path) -> list[Worker]:
    """The processes of a side, ready."""
    log = stack.enter_context(path.open("w", encoding="utf-8"))
    crew = []
    for number in range(side.processes):
        settings = side.settings | ({"number": number} if side.processes > 1 else {})
        crew.append(stack.enter_context(Worker(side, settings, log)))
        crew[-1].answer()
    return crew


def _read(crew: list[Worker]) -> dict:
    """One reading of a side whose processes work at the same time."""
    started_s = time.perf_counter()
    for worker in crew:
        worker.ask()
    readings = [worker.answer() for worker in crew]
    if len(crew) == 1:
        return readings[0]
    added = {key: sum(reading[key] for reading in readings) for key in ("images", "cpu_s")}
    losses = [loss for reading in readings for loss in reading.get("losses", ())]
    return added | {"losses": losses, "wall_s": time.perf_counter() - started_s}
