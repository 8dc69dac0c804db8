"""A side of a comparison in a process of its own: `python -m skinkd.bench.worker SIDE SETTINGS`.

It says one line of JSON when it is ready, and one for each line that it is sent. What the side itself
prints goes to the standard error.
"""

import json
import os
import sys
from importlib import import_module
from inspect import signature

from skinkd.bench.clock import timed

NUMBER = "number"


def main(side: str, settings: dict, asked, answers) -> None:
    """Prepare a side, then answer each line of `asked` with a reading."""
    prepare = import_module(f"skinkd.bench.sides.{side}").prepare
    told = settings if NUMBER in signature(prepare).parameters else without_number(settings)
    work = prepare(**told)
    _say({"ready": side}, answers)
    for _ in asked:
        _say(timed(work), answers)


def without_number(settings: dict) -> dict:
    """What sides are told whose processes all do the same."""
    return {key: value for key, value in settings.items() if key != NUMBER}


def _say(said: dict, answers) -> None:
    """One line, at once."""
    answers.write(json.dumps(said) + "\n")
    answers.flush()


if __name__ == "__main__":
    # The answers keep the standard output for themselves.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    main(sys.argv[1], json.loads(sys.argv[2]), sys.stdin, answers)
