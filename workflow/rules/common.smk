"""The checked study, the places of its files, and which code a job depends on.

needs   the config
makes   nothing; names that the other rules use
"""

import json
import shlex
from hashlib import sha256

from skinkd import grid, write_access
from skinkd.asked import training_asked
from skinkd.config import CLEAN, INJECTED, read_config
from skinkd.errors import InputError
from skinkd.graph_progress import GraphProgress
from skinkd.resources import gpus_per_job
from skinkd.signatures import classes_of
from skinkd.sources import imports_of
from skinkd.study import BASE, open_study, with_extended

# Read again, strictly: Snakemake's own reader keeps the last of two equal keys and takes 1e-4 for a word.
CONFIG_FILES = [BASE, *workflow.overwrite_configfiles]
try:
    STUDY = open_study(read_config(*CONFIG_FILES, **workflow.config_settings.config))
    if workflow.is_main_process:
        dry_run = workflow.logger_manager.settings.dryrun
        write_access.check_working_folder(Path.cwd(), STUDY.config.results, dry_run=dry_run)
except InputError as error:
    raise WorkflowError(str(error)) from None


def command_of(*words):
    """How to call Snakemake on this study, as words for a shell."""
    command = ["snakemake", "--cores", "1" if "--unlock" in words else "all", *words]
    settings = [f"{key}={json.dumps(value)}" for key, value in workflow.config_settings.config.items()]
    command += ["--config", *settings] if settings else []
    command += ["--configfile", *map(os.path.relpath, CONFIG_FILES[1:])] if CONFIG_FILES[1:] else []
    return shlex.join(command)


RESULTS = STUDY.config.results
REPORT = f"{RESULTS}/report"
RUN = "{paper}/{protocol}/{arm}/fold{fold}-seed{seed}"
DEVICE = STUDY.config.device.of_jobs
GPU = gpus_per_job(STUDY.config.device.name)
CONFIG = json.dumps(STUDY.config.model_dump(), sort_keys=True)
NOTED_CONFIG = f"{RESULTS}/configs/{sha256(CONFIG.encode()).hexdigest()[:16]}.json"


def in_use_by(holder):
    """Why another run of this study must not start."""
    return f"{Path(RESULTS).resolve()} is in use by {holder}: wait for that run, or end it."


wildcard_constraints:
    source="[a-z0-9_]+",
    paper="[a-z0-9_]+",
    protocol="[a-z0-9_]+",
    arm="[a-z0-9_]+",
    fold="[0-9]+",
    seed="[0-9]+",


def of_arm(pattern, paper, protocol, arm):
    """Paths of a pattern, one for each fold and seed of an arm."""
    return [
        pattern.format(paper=paper, protocol=protocol, arm=arm, fold=fold, seed=seed)
        for fold, seed in STUDY.runs(paper, protocol)
    ]


def ingested(wildcards, file):
    """A file of the archive that a paper is run on; every rule that is run by fold asks for one."""
    if "fold" in wildcards.keys():
        STUDY.check_fold(wildcards.paper, wildcards.protocol, wildcards.fold)
    source = STUDY.paper(wildcards.paper, wildcards.protocol).source
    return f"{RESULTS}/ingest/{source}/{file}"


def named(kind, form=None):
    """Names of the sources of a kind, as a pattern for wildcards; one that matches nothing where there is none."""
    names = [n for n, s in STUDY.config.sources.items() if s.kind == kind and form in (None, s.form)]
    return "|".join(names) or "(?!)"


def tables_of(wildcards):
    """The tables that a source's reader takes beside the pictures."""
    source = STUDY.config.sources[wildcards.source]
    place = f"{RESULTS}/archive/{wildcards.source}"
    if source.form == "isic_challenge":
        return [f"{place}/ground_truth.csv", f"{place}/metadata.csv"]
    if source.kind == "synthetic":
        return [f"{place}/metadata.csv"]
    return [f"{RESULTS}/archive/{source.lesions_from}/metadata.csv"] if source.lesions_from else []


def remote_of(wildcards):
    """The config's entry for a file of an archive."""
    source = STUDY.config.sources[wildcards.source]
    return source, getattr(source.files, grid.ARCHIVE_FILES[wildcards.file])


def key_of(wildcards):
    """Where the config describes a file of an archive, or weights."""
    if "weights" in wildcards.keys():
        return f"weights.{wildcards.weights}"
    return f"sources.{wildcards.source}.files.{grid.ARCHIVE_FILES[wildcards.file]}"


def places_of(remote, mirror):
    """Where to look for a file, the mirror first."""
    return ([f"{mirror}/{remote.name}"] if mirror else []) + remote.urls


def run_of(wildcards):
    """Everything that a training job is told."""
    run = [wildcards[key] for key in ("paper", "protocol", "arm")]
    return training_asked(STUDY, *run, fold=int(wildcards.fold), seed=int(wildcards.seed))


def projection_run_of(wildcards):
    """Everything that the training of a self-supervision head is told."""
    resolved = STUDY.paper(wildcards.paper, wildcards.protocol)
    return {
        **{
            key: run_of(wildcards)[key]
            for key in ("paper", "protocol", "arm", "fold", "seed", "augmentation")
        },
        "views": resolved.views,
        "view_seed": STUDY.config.view_seed,
        "recipe": resolved.self_supervision.model_dump(),
    }


def weights_of(wildcards):
    """Pretrained weights that a run starts from, if any."""
    name = STUDY.network(wildcards.paper, wildcards.protocol, wildcards.arm)["weights"]
    return path_to_weights(name) if name else []


def path_to_weights(name):
    """Where pretrained weights lie once they are fetched."""
    return f"{RESULTS}/weights/{name}/{STUDY.config.weights[name].name}"


def validated_for(wildcards):
    """What was found in all that a training rests on."""
    start = grid.start_of(STUDY, wildcards.paper, wildcards.protocol, wildcards.arm)
    of_weights = [f"{RESULTS}/validated/weights/{start}.json"] if start else []
    split = f"{wildcards.paper}/{wildcards.protocol}/fold{wildcards.fold}"
    return [f"{RESULTS}/validated/splits/{split}.json", *of_weights]


def taught_by(wildcards, stage, teaches=("cached", "online")):
    """Files of a stage about the teachers of an arm, where the arm is taught in one of these ways."""
    if STUDY.teaches(wildcards.paper, wildcards.protocol, wildcards.arm) not in teaches:
        return []
    return [
        f"{RESULTS}/{stage}/{wildcards.paper}/{wildcards.protocol}/{teacher}/"
        f"fold{wildcards.fold}-seed{STUDY.config.teacher_seed}.safetensors"
        for teacher in STUDY.arm(wildcards.paper, wildcards.protocol, wildcards.arm).teachers
    ]


def projections_of(wildcards):
    """The teacher's self-supervision head, where a loss of the arm asks for it."""
    asked = STUDY.inputs(wildcards.paper, wildcards.protocol, wildcards.arm)
    return taught_by(wildcards, "projections") if "teacher_projection" in asked else []


def training_code(wildcards):
    """Files that a training job imports: an edit reruns exactly the jobs that it concerns."""
    return imports_of("train.py", *STUDY.modules(wildcards.paper, wildcards.protocol, wildcards.arm))


def baseline_of(wildcards, pattern):
    """Files of the arm that a distilled arm is compared with, where that arm runs."""
    baseline = STUDY.arm(wildcards.paper, wildcards.protocol, wildcards.arm).baseline
    if baseline not in STUDY.arms(wildcards.paper, wildcards.protocol):
        return []
    return of_arm(pattern, wildcards.paper, wildcards.protocol, baseline)


def splits_of(wildcards, suffix):
    """Tables or summaries of the splits of a paper."""
    paper, protocol = wildcards.paper, wildcards.protocol
    folds = STUDY.paper(paper, protocol).folds
    return [f"{RESULTS}/split/{paper}/{protocol}/fold{fold}.{suffix}" for fold in folds]


ALL_RUNS = [
    (paper, protocol, arm, fold, seed)
    for paper, protocol, arm in STUDY.cells()
    for fold, seed in STUDY.runs(paper, protocol)
]

# Those that the lists of arms leave out, but that others learn from.
TEACHERS = grid.trainings(STUDY)[len(ALL_RUNS) :]


def of_runs(stage, suffix, runs):
    """A stage's files of these runs."""
    return [
        f"{RESULTS}/{stage}/{paper}/{protocol}/{arm}/fold{fold}-seed{seed}.{suffix}"
        for paper, protocol, arm, fold, seed in runs
    ]


def costs_of_study():
    """What each measured job of the study cost, but for those that explain pictures."""
    drawn = {"isic_challenge": "draw_archive", "class_folders": "draw_folders"}
    sources = {name: STUDY.config.sources[name] for name in STUDY.sources()}
    places = [f"ingest/{name}" for name in sources]
    places += [f"{drawn[about.form]}/{name}" for name, about in sources.items() if about.kind == "synthetic"]
    for rule, runs_of in (
        ("train", grid.trainings),
        ("cache_targets", grid.targets),
        ("train_projection", grid.projections),
    ):
        places += [f"{rule}/{RUN.format(**run._asdict())}" for run in runs_of(STUDY)]
    places += [f"score/{'/'.join(cell)}" for cell in STUDY.cells()]
    return [f"{RESULTS}/costs/{place}.json" for place in places]


if workflow.is_main_process:
    logger.addHandler(GraphProgress())
