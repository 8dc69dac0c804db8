"""What a job costs beside its work, and how a dry run grows with the number of jobs."""

import sys
from functools import partial
from pathlib import Path

from skinkd.bench.comparing import WALL_S, Reading, Row, compare
from skinkd.bench.crew import Side
from skinkd.bench.experiments import Experiment
from skinkd.bench.graphs import FULL, JOBS, PLAN, SNAKEMAKE, copy_project, empty_project, write_study
from skinkd.bench.scene import Scene

TRAININGS = 8
PER_JOB = Reading("s per job", lambda said: said["wall_s"] / said["images"])
IMPORTS = "import runpy; runpy.run_path('workflow/scripts/train.py', run_name='imported')"


def experiments(scene: Scene) -> list[Experiment]:
    """Dry runs of several sizes, and trainings that are over at once."""
    return [_dry_runs(Path(scene.folder, "graph")), _overhead(Path(scene.folder, "graph"))]


def _dry_runs(folder: Path) -> Experiment:
    """The time that Snakemake takes for nothing, and for ever more jobs."""
    nothing = [*SNAKEMAKE, *PLAN]
    sides = {"nothing": Side("command", {"command": nothing, "folder": str(folder / "empty")})}
    for name in (*map(str, JOBS), FULL):
        command = [*SNAKEMAKE, "report", "--configfile", f"config/{name}.yaml", *PLAN]
        sides[name] = Side("command", {"command": command, "folder": str(folder)})
    return Experiment("row8_dry_run", sides, _rows_of_dry_runs, 25, partial(_prepare, folder))


def _rows_of_dry_runs(turns: list[dict]) -> list[Row]:
    """One for each number of jobs, and the papers' complete grid."""
    row = partial(compare, turns, other="nothing", read=WALL_S, reads="ours / other")
    grown = [
        row(name, name=f"row8_dry_run_{name}", what=f"dry run of {int(name):,} jobs, of an empty Snakefile")
        for name in map(str, JOBS)
    ]
    what = "dry run of the papers' complete grid, of an empty Snakefile"
    return [*grown, row(FULL, name="row8_dry_run_full_grid", what=what, goal="ours ≤ 10")]


def _overhead(folder: Path) -> Experiment:
    """Trainings through the graph, without their work, against the imports of one job."""
    asked = {"folder": str(folder), "trainings": TRAININGS}
    imports = {"command": [sys.executable, "-c", IMPORTS], "folder": str(folder), "library": "workflow/lib"}
    sides = {"graph": Side("jobs", asked), "imports": Side("command", imports)}
    return Experiment("row8_job_overhead", sides, _rows_of_overhead, 20, partial(_prepare, folder))


def _rows_of_overhead(turns: list[dict]) -> list[Row]:
    """One row."""
    return [
        compare(
            turns,
            "graph",
            "imports",
            PER_JOB,
            "ours / other",
            name="row8_job_overhead",
            what="a job of the graph without its training and prediction, the imports of one such job",
            note=f"{TRAININGS} jobs on one core; the wall time of a dry run of the same jobs is taken off.",
        )
    ]


def _prepare(folder: Path) -> None:
    """A copy of the project with its generated studies."""
    if folder.exists():
        return
    copy_project(folder)
    empty_project(folder / "empty")
    for jobs in JOBS:
        write_study(folder, jobs)
