"""The checked study, the places of its files, and which code a job depends on.

needs   the config
makes   nothing; names that the other rules use
"""

from skinkd.config import read_config
from skinkd.errors import InputError
from skinkd.graph_progress import GraphProgress
from skinkd.resources import gpus_per_job
from skinkd.sources import imports_of
from skinkd.study import BASE, open_study

# Read again, strictly: Snakemake's own reader keeps the last of two equal keys and takes 1e-4 for a word.
CONFIG_FILES = [BASE, *workflow.overwrite_configfiles]
try:
    STUDY = open_study(read_config(*CONFIG_FILES, **workflow.config_settings.config))
except InputError as error:
    raise WorkflowError(str(error)) from None

RESULTS = STUDY.config.results
REPORT = f"{RESULTS}/report"
RUN = "{paper}/{protocol}/{arm}/fold{fold}-seed{seed}"
DEVICE = STUDY.config.device.model_dump()
GPU = gpus_per_job(STUDY.config.device.name)


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
    """A file of the archive that a paper is run on."""
    source = STUDY.paper(wildcards.paper, wildcards.protocol).source
    return f"{RESULTS}/ingest/{source}/{file}"


def network_of(paper, protocol, arm, fold, seed, suffix="safetensors"):
    """The trained network of a run, or its learning curve."""
    stage = STUDY.stage_of(paper, protocol, arm)
    return f"{RESULTS}/{stage}/{paper}/{protocol}/{arm}/fold{fold}-seed{seed}.{suffix}"


SYNTHETIC = [name for name, source in STUDY.config.sources.items() if source.kind == "synthetic"]
REMOTE = [name for name in STUDY.config.sources if name not in SYNTHETIC]
ARCHIVE_FILES = {
    "images.zip": "images",
    "ground_truth.csv": "ground_truth",
    "metadata.csv": "metadata",
}


def remote_of(wildcards):
    """The config's entry for a file of an archive."""
    source = STUDY.config.sources[wildcards.source]
    return source, getattr(source.files, ARCHIVE_FILES[wildcards.file])


def places_of(remote, mirror):
    """Where to look for a file, the mirror first."""
    return ([f"{mirror}/{remote.name}"] if mirror else []) + remote.urls


def run_of(wildcards):
    """Everything that a training job is told."""
    paper, protocol, arm = wildcards.paper, wildcards.protocol, wildcards.arm
    resolved = STUDY.paper(paper, protocol)
    network = STUDY.network(paper, protocol, arm)
    return {
        "paper": paper,
        "protocol": protocol,
        "arm": arm,
        "fold": int(wildcards.fold),
        "seed": int(wildcards.seed),
        "source": resolved.source,
        "network": {"name": network["name"], "parameters": network["parameters"]},
        "initial": network["weights"],
        "loss": [term.model_dump() for term in resolved.arms[arm].loss],
        "training": STUDY.training(paper, protocol, arm),
        "selection": resolved.selection,
        "augmentation": resolved.augmentation.name,
        "views": resolved.views,
        "view_seed": STUDY.config.view_seed,
    }


def weights_of(wildcards):
    """Pretrained weights that a run starts from, if any."""
    name = STUDY.network(wildcards.paper, wildcards.protocol, wildcards.arm)["weights"]
    return f"{RESULTS}/weights/{name}/{STUDY.config.weights[name].name}" if name else []


def teacher_of(wildcards, stage):
    """The teacher of a distilled arm, or its targets; nothing for other arms."""
    teacher = STUDY.arm(wildcards.paper, wildcards.protocol, wildcards.arm).teacher
    if teacher is None:
        return []
    place = f"{wildcards.paper}/{wildcards.protocol}/{teacher}"
    return f"{RESULTS}/{stage}/{place}/fold{wildcards.fold}-seed{STUDY.config.teacher_seed}.safetensors"


def training_code(wildcards):
    """Files that a training job imports: an edit reruns exactly the jobs that it concerns."""
    return imports_of("train.py", *STUDY.modules(wildcards.paper, wildcards.protocol, wildcards.arm))


def baseline_of(wildcards):
    """Predictions of the arm that a distilled arm is compared with, where that arm runs."""
    baseline = STUDY.arm(wildcards.paper, wildcards.protocol, wildcards.arm).baseline
    if baseline not in STUDY.config.arms[wildcards.paper]:
        return []
    return of_arm(f"{RESULTS}/predictions/{RUN}.csv", wildcards.paper, wildcards.protocol, baseline)


if workflow.is_main_process:
    logger.addHandler(GraphProgress())
