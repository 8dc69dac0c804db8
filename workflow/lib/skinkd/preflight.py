"""Looks at the surroundings before the first job, and says everything that would stop the run at once.

Only what this run will do is looked at: files that are to be fetched, disk for what is to be written, memory
and a GPU for what is to be trained. A dry run needs none of it.
"""

import os
from collections import defaultdict
from pathlib import Path

from skinkd import needs
from skinkd.errors import InputError, InputErrors
from skinkd.folder_archive import problem_of_path
from skinkd.grid import Run, trainings
from skinkd.needs import Need
from skinkd.resources import gpus_per_job
from skinkd.sources_at_hand import problems_of_sources
from skinkd.study import Study
from skinkd.write_access import problem_of_folders

ON_DEVICE = ("train", "train_projection", "cache_targets", "validate")
FETCH = ("download", "fetch_weights")
# How a driver shows itself: NVIDIA's, that of Windows' Linux, AMD's.
GPU_FILES = ("/dev/nvidia[0-9]*", "/proc/driver/nvidia/version", "/dev/dxg", "/dev/kfd")


def check_surroundings(workflow, study: Study) -> None:
    """Look at everything that the jobs of a run of the graph need beside their inputs.

    Args:
        workflow: Snakemake's, its jobs known.

    Raises:
        InputErrors: all that is missing.
    """
    jobs = defaultdict(list)
    for job in workflow.dag.needrun_jobs():
        jobs[job.rule.name].append(job)
    at_once = max(1, workflow.cores // study.config.device.threads) if workflow.local_exec else 1
    problems = problems_of_jobs(jobs, study, here=workflow.local_exec, at_once=at_once)
    if problems:
        raise InputErrors(problems)


def problems_of_jobs(jobs: dict[str, list], study: Study, *, here: bool, at_once: int) -> list[InputError]:
    """What is missing for some jobs.

    Args:
        jobs: Snakemake's, by rule.
        here: whether they run on this machine; on a cluster, only what reads and writes files is looked at.
        at_once: how many of them run at the same time.
    """
    files = [str(path) for each in jobs.values() for job in each for path in (*job.output, *job.log)]
    runs = _runs_of(jobs, study)
    problems = [
        problem_of_folders({os.path.dirname(path) for path in files}),
        needs.problem_of_disk(study.config.results, _needs_of(jobs, runs, study, at_once)),
        *_problems_of_fetches(jobs, study),
    ]
    if here and any(jobs.get(rule) for rule in ON_DEVICE):
        problems.append(problem_of_gpu(study.config.device.name))
    if here and not gpus_per_job(study.config.device.name):
        problems.append(needs.problem_of_memory(study, runs, needs.memory_bytes()))
    return [problem for problem in problems if problem]


def _run_of(job) -> Run:
    """The run that a job of training makes."""
    names = job.wildcards
    return Run(names.paper, names.protocol, names.arm, int(names.fold), int(names.seed))


def _runs_of(jobs: dict[str, list], study: Study) -> list[Run]:
    """The trainings; where the whole study is only looked at, those that it still lacks."""
    if not jobs.get("validate"):
        return [_run_of(job) for job in jobs.get("train", [])]
    networks = Path(study.config.results, "networks")
    place = "{paper}/{protocol}/{arm}/fold{fold}-seed{seed}.safetensors"
    return [run for run in trainings(study) if not (networks / place.format(**run._asdict())).exists()]


def _needs_of(jobs: dict[str, list], runs: list[Run], study: Study, at_once: int) -> list[Need]:
    """What the jobs will write, by purpose."""
    targets = [_run_of(job) for job in jobs.get("cache_targets", [])]
    fetched = [job for rule in FETCH for job in jobs.get(rule, [])]
    drawn = [job for rule in ("draw_archive", "draw_folders") for job in jobs.get(rule, [])]
    amounts = {
        "downloads": (
            *(needs.need_of_download(j.params.sources, j.params.size_bytes, j.output[0]) for j in fetched),
            *(needs.need_of_folders(job.params.path) for job in jobs.get("pack_folders", [])),
            *(needs.need_of_drawn(study, job.wildcards.source) for job in drawn),
        ),
        "packed pictures": (needs.need_of_packed(study, j.wildcards.source) for j in jobs.get("ingest", [])),
        "networks and predictions": (needs.need_of_training(study, run) for run in runs),
        "targets": (needs.need_of_targets(study, run) for run in targets),
        "checkpoints": (needs.need_of_checkpoints(study, runs, at_once),),
    }
    return [Need(sum(each), purpose) for purpose, each in amounts.items()]


def _problems_of_fetches(jobs: dict[str, list], study: Study) -> list[InputError]:
    """What is wrong with the places of files that will be fetched or packed."""
    wanted = {str(job.params.key): list(job.params.sources) for rule in FETCH for job in jobs.get(rule, [])}
    mirrors = {holder: mirror_of(study, holder) for holder in map(_holder_of, wanted)}
    packed = [
        problem_of_path(job.params.path, job.wildcards.source, job.params.page)
        for job in jobs.get("pack_folders", [])
    ]
    return [*packed, *problems_of_sources(wanted, mirrors)]


def _holder_of(key: str) -> str:
    """The entry of the config beside whose key a mirror stands: that of an archive or of weights."""
    return ".".join(key.split(".")[:2])


def mirror_of(study: Study, holder: str) -> str | None:
    """The mirror that the config sets for an archive or for weights, such as `weights.resnet50_imagenet`."""
    kind, name = holder.split(".")
    return getattr(study.config, kind)[name].mirror


def problem_of_gpu(device: str, root: Path = Path("/")) -> InputError | None:
    """Nothing unless the config asks for a GPU and this machine shows none; asking torch takes seconds."""
    if device != "cuda" or any(True for file in GPU_FILES for _ in root.glob(file.lstrip("/"))):
        return None
    what = f"device.name is cuda, but this machine shows no GPU ({', '.join(GPU_FILES)}: none is there)"
    fix = "set device.name to auto or cpu, or run on a machine with a GPU"
    return InputError("device", what, "Every training would end at its start", fix)
