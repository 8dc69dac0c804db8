"""How long the demo takes at two commits: `python -m skinkd.bench.demo BEFORE [AFTER]`.

Each is cloned into a fresh folder, and `make report` runs there, from nothing to a page. Keep the machine
quiet. Writes `results/benchmark_demo.json`.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from skinkd.bench.graphs import ROOT
from skinkd.bench.readme import DEMO, update_readme
from skinkd.device import describe_hardware
from skinkd.errors import InputError
from skinkd.provenance import versions
from skinkd.records import write_record

PATH = Path("results", DEMO)


def demo_time(commit: str) -> dict:
    """Wall and CPU seconds of `make report` in a fresh clone.

    Raises:
        InputError: where the commit is not there, or the demo fails.
    """
    with tempfile.TemporaryDirectory(prefix="skinkd-demo-") as folder:
        # As anybody may call a folder.
        clone = Path(folder, "skin kd für alle")
        _run(["git", "clone", "--quiet", "--no-checkout", str(ROOT), str(clone)], Path(folder))
        _run(["git", "checkout", "--quiet", commit], clone)
        started_s, started_cpu_s = time.perf_counter(), children_cpu_s()
        _run(["make", "report"], clone)
        return {
            "commit": _run(["git", "rev-parse", "HEAD"], clone).strip(),
            "wall_s": time.perf_counter() - started_s,
            "cpu_s": children_cpu_s() - started_cpu_s,
        }


def children_cpu_s() -> float:
    """CPU seconds of all processes that this one has waited for, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _run(command: list[str], folder: Path) -> str:
    """Run a command to its end; what it said."""
    # What make told this process is not for the clone.
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MAKELEVEL")}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    if done.returncode:
        said = (done.stdout.splitlines() or ["nothing"])[-1]
        raise InputError(
            "demo",
            f"{' '.join(command)} says: {said}",
            "There is no time to tell",
            "name commits whose demo runs",
        )
    return done.stdout


def main(arguments: list[str]) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m skinkd.bench.demo", description=__doc__.splitlines()[0])
    parser.add_argument("before", help="a commit")
    parser.add_argument("after", nargs="?", default="HEAD", help="another; only what is committed counts")
    given = parser.parse_args(arguments)
    sides = {}
    for name, commit in vars(given).items():
        sides[name] = demo_time(commit)
        print(f"{name}, {sides[name]['commit'][:7]}: {sides[name]['wall_s']:.0f} s")
    ratio = sides["after"]["wall_s"] / sides["before"]["wall_s"]
    made_on = {"hardware": describe_hardware("cpu"), "versions": versions()}
    write_record(PATH, {**sides, "ratio": ratio, **made_on})
    update_readme(PATH.parent)
    print(f"After takes {ratio:.0%} of before. Written: {PATH.resolve()}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except InputError as error:
        sys.exit(str(error))
