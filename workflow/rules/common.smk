"""The checked study, the places of its files, and which code a job depends on.

needs   the config
makes   nothing; names that the other rules use
"""

from skinkd.config import read_config
from skinkd.errors import InputError
from skinkd.graph_progress import GraphProgress
from skinkd.sources import imports_of
from skinkd.study import open_study

# Read again, strictly: Snakemake's own reader keeps the last of two equal keys and takes 1e-4 for a word.
CONFIG_FILES = [Path(workflow.basedir, "config", "config.yaml"), *workflow.overwrite_configfiles]
try:
    STUDY = open_study(read_config(*CONFIG_FILES, **workflow.config_settings.config))
except InputError as error:
    raise WorkflowError(str(error)) from None

RESULTS = STUDY.config.results
REPORT = f"{RESULTS}/report"
REPOSITORY = str(workflow.basedir)
RUN = "{paper}/{protocol}/{arm}/fold{fold}-seed{seed}"
DEVICE = STUDY.config.device.model_dump()
GPU = int(STUDY.config.device.name == "cuda")


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
    source = STUDY.papers[wildcards.paper, wildcards.protocol].source
    return f"{RESULTS}/ingest/{source}/{file}"


def network_of(paper, protocol, arm, fold, seed, suffix="safetensors"):
    """The trained network of a run, or its learning curve."""
    stage = STUDY.stage_of(paper, protocol, arm)
    return f"{RESULTS}/{stage}/{paper}/{protocol}/{arm}/fold{fold}-seed{seed}.{suffix}"


if workflow.is_main_process:
    logger.addHandler(GraphProgress())
