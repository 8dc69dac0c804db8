"""The files behind the student that ships: those of all that may, and of the task that they are for.

needs   nothing
makes   nothing; names that the rules of the deployment use
"""

from skinkd.deploy import candidates as deployed

DEPLOY = f"{RESULTS}/deploy"
MODEL = f"{DEPLOY}/model"
STUDY_TOLD = STUDY.config.study.model_dump(include={"name", "title", "scale"}) | {
    "synthetic": all(STUDY.config.sources[name].kind == "synthetic" for name in STUDY.sources())
}


def of_candidates(stage, suffix):
    """A stage's files of all students that may be shipped."""
    return lambda wc: of_runs(stage, suffix, deployed.candidates(STUDY))


def of_shipped_task(suffix):
    """The splits of the task that is shipped, one for each fold."""

    def paths(wc):
        paper, protocol = deployed.task_of(STUDY)
        folds = STUDY.paper(paper, protocol).folds
        return [f"{RESULTS}/split/{paper}/{protocol}/fold{fold}.{suffix}" for fold in folds]

    return paths


def ingested_for_shipped(file):
    """A file of the archive of the task that is shipped."""
    return lambda wc: f"{RESULTS}/ingest/{STUDY.paper(*deployed.task_of(STUDY)).source}/{file}"


def timed_arms(wildcards):
    """Of each network that is timed, the arms that have it."""
    return [
        [{"arm": cell, "role": STUDY.arm(*cell).role} for cell in cells]
        for cells in deployed.timed(STUDY).values()
    ]
