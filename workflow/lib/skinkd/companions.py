"""Which training jobs of a run of the graph could step together in one process.

When the graph starts, it writes down the jobs of training that it will run, in pools of those that show the
same pictures in the same order. The first job of a pool that runs trains some of the others' students along
with its own. Their own jobs still run, one for each target: they find their results waiting.
"""

import json
import math
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from shutil import rmtree

from skinkd.atomic import write_text

# Students of one online teacher, which looks once for all of them: most of the gain comes with the first few.
SHARING_A_TEACHER = 4
# Outputs of a job that its training writes. What the job cost comes later, when others may train again.
WRITTEN = ("network", "history", "predictions")


@dataclass(frozen=True)
class TrainingJob:
    """Everything that a job of training is told.

    Attributes:
        paths: `array`, `split`, `summary` and `initial`, which may be None; lists under `teachers`, `targets`
            and `projections`.
        paths_to_code: files of this project that the job runs.
        run: what is trained and how, see `workflow/rules/common.smk`.
        device: as in the config.
        path_to_checkpoint: where it stands while it is unfinished.
        outputs: those of `WRITTEN`, and perhaps others that are not the training's.
        path_to_log: beside which it lists pictures whose loss is no number; none stands for beside the
            checkpoint.
    """

    paths: dict
    paths_to_code: list[str]
    run: dict
    device: dict
    path_to_checkpoint: str
    outputs: dict[str, str]
    path_to_log: str | None = None

    @property
    def path_to_not_finite(self) -> Path:
        """Where the pictures of a batch whose loss is no number are listed."""
        return Path(self.path_to_log or self.path_to_checkpoint).with_suffix(".not-finite.csv")

    @property
    def inputs(self) -> set[str]:
        """All files of `paths`."""
        several = [path for value in self.paths.values() if isinstance(value, list | tuple) for path in value]
        return {*several, *(value for value in self.paths.values() if isinstance(value, str))}

    @property
    def place(self) -> Path:
        """Where it keeps what is unfinished, without a suffix."""
        return Path(self.path_to_checkpoint).with_suffix("")

    def is_taught_online(self) -> bool:
        """Whether its teacher looks at each batch."""
        return bool(self.paths["teachers"]) and not self.paths["targets"]

    @property
    def written(self) -> dict[str, str]:
        """The outputs that its training writes."""
        return {name: self.outputs[name] for name in WRITTEN}

    def has_written(self, since_ns: int) -> bool:
        """Whether its training has written all of its outputs, none of them before `since_ns`."""
        try:
            return all(os.stat(path).st_mtime_ns >= since_ns for path in self.written.values())
        except FileNotFoundError:
            return False


@dataclass(frozen=True)
class Pool:
    """Jobs that could step together.

    Attributes:
        most: how many students one process takes.
        at_once: how many jobs the graph runs at the same time.
        since_ns: when the run of the graph began. All of the jobs run in it: older outputs are made again,
            though they are there until their own job starts.
        path_to_most: where jobs of this run of the graph write how many students had room together.
    """

    jobs: list[TrainingJob]
    most: int
    at_once: int
    since_ns: int = 0
    path_to_most: str | None = None

    def limit(self, students: int) -> "Pool":
        """The pool with fewer students in a process, for the jobs that start from now on, too."""
        if self.path_to_most:
            write_text(self.path_to_most, str(students))
        return replace(self, most=min(self.most, students))

    def unfinished(self, is_delivered: Callable[[TrainingJob], bool]) -> list[TrainingJob]:
        """The jobs that have something left to train: their outputs neither are there nor wait for them."""
        return [job for job in self.jobs if not (job.has_written(self.since_ns) or is_delivered(job))]

    def share(self, is_delivered: Callable[[TrainingJob], bool]) -> int:
        """How many students one job takes, so that as many jobs as run at once have something to do."""
        left = len(self.unfinished(is_delivered))
        return min(self.most, max(1, math.ceil(left / self.at_once)))

    def ready_for(self, job: TrainingJob, is_delivered: Callable[[TrainingJob], bool]) -> list[TrainingJob]:
        """The others that `job` may train: unfinished, all of their inputs among its own.

        Its own inputs are made and up to date, or it would not run. Those that share most come first.
        """
        others = [other for other in self.unfinished(is_delivered) if other.place != job.place]
        ready = [other for other in others if other.inputs <= job.inputs]
        return sorted(ready, key=lambda other: -len(other.inputs))


def write_companions_of(workflow, folder, device, gpu: int) -> None:
    """Write the pools of a run of the graph; of none where jobs run elsewhere, each on a machine of its own.

    Args:
        workflow: Snakemake's, its jobs known.
        folder: a file for each paper, protocol, fold and seed.
        device: as in the config, see `skinkd.config.Device`.
        gpu: of each job; their number is Snakemake's resource `gpu`.
    """
    jobs, at_once = [], 1
    if workflow.local_exec:
        jobs = [job for job in workflow.dag.needrun_jobs() if job.rule.name == "train"]
        at_once = workflow.cores // device.threads
        if gpu and "gpu" in workflow.global_resources:
            at_once = min(at_once, workflow.global_resources["gpu"].value // gpu)
    write_companions(jobs, folder, students_together=device.students_together, at_once=max(at_once, 1))


def write_companions(jobs: Iterable, folder, *, students_together: int | str, at_once: int) -> None:
    """Write the pools of the jobs that will run, in place of those of an earlier run of the graph.

    Args:
        jobs: Snakemake's jobs of the rule `train`.
        folder: as `write_companions_of`.
        students_together: `auto`, or a number; 1 lets nothing step together.
        at_once: how many jobs run at the same time.
    """
    rmtree(folder, ignore_errors=True)
    pools: dict[tuple, list[TrainingJob]] = {}
    for job in [] if students_together == 1 else map(told_to, jobs):
        if students_together != "auto" or job.is_taught_online():
            pools.setdefault(_shown_to(job, students_together == "auto"), []).append(job)
    most = SHARING_A_TEACHER if students_together == "auto" else students_together
    files: dict[Path, list[dict]] = {}
    for jobs_of_pool in pools.values():
        if len(jobs_of_pool) > 1:
            pool = Pool(jobs_of_pool, most, at_once)
            files.setdefault(path_to_pools(folder, jobs_of_pool[0].run), []).append(asdict(pool))
    for path, found in files.items():
        write_text(path, json.dumps(found))


def told_to(job) -> TrainingJob:
    """What Snakemake says of a job of the rule `train`: in the graph, or as `snakemake` in the script."""
    several = {
        name: [str(path) for path in getattr(job.input, name)]
        for name in ("teachers", "targets", "projections")
    }
    paths = {name: str(getattr(job.input, name)) for name in ("array", "split", "summary")}
    return TrainingJob(
        paths={**paths, "initial": str(job.input.initial) if job.input.initial else None, **several},
        paths_to_code=[str(path) for path in job.input.code],
        run=dict(job.params.run),
        device=dict(job.params.device),
        path_to_checkpoint=str(job.params.checkpoint),
        outputs={name: str(path) for name, path in job.output.items()},
        path_to_log=str(job.log[0]),
    )


def pools_of(job: TrainingJob, folder) -> list[Pool]:
    """The pool that `job` is in, and behind it the others of its fold and seed; nothing if it is in none."""
    path = path_to_pools(folder, job.run)
    if not path.exists():
        return []
    # By the clock that dates the outputs: another computer may keep the files.
    since_ns = path.stat().st_mtime_ns
    limit = path.with_suffix(".most")
    most = int(limit.read_text(encoding="utf-8")) if limit.exists() else math.inf
    known = {"since_ns": since_ns, "path_to_most": str(limit)}
    pools = [
        Pool(**pool | known | {"jobs": [TrainingJob(**told) for told in pool["jobs"]]})
        for pool in json.loads(path.read_text(encoding="utf-8"))
    ]
    pools = [replace(pool, most=min(pool.most, most)) for pool in pools]
    own = [pool for pool in pools if job.place in [other.place for other in pool.jobs]]
    return own and own + [pool for pool in pools if pool not in own]


def path_to_pools(folder, run: dict) -> Path:
    """The file of a run's pools."""
    return Path(folder, run["paper"], run["protocol"], f"fold{run['fold']}-seed{run['seed']}.json")


def _shown_to(job: TrainingJob, same_teacher: bool) -> tuple:
    """What jobs of one pool have in common: their pictures in their order and, if asked for, the teacher."""
    run, training = job.run, job.run["training"]
    keys = ("paper", "protocol", "fold", "seed", "seed_offset", "augmentation", "views", "view_seed")
    # A curriculum goes by what the teacher said.
    sorts = training["sampler"]["order"] != "random"
    taught_by = [job.paths["teachers"], job.paths["targets"]] if sorts else []
    taught_by += [job.paths["teachers"], job.paths["projections"]] if same_teacher else []
    shown = [job.paths["array"], job.paths["split"], training["batch_size"], training["sampler"], job.device]
    return (*(run[key] for key in keys), json.dumps([shown, taught_by], sort_keys=True))
