"""Versions: DVC keeps the bytes, git which of them belong to which code. `make restore` fetches them again.

needs   whatever of the study lies in RESULTS; what is out of date is made again, what is not there is left out
makes   RESULTS/*.dvc, RESULTS/provenance.json     what DVC keeps, and how it was made
        RESULTS/metrics/, params.json, scores.csv, dvc.yaml     what DVC compares between commits
"""

from skinkd.versioning.inventory import files_of
from skinkd.versioning.restoring import check_arrivals

if workflow.is_main_process:
    try:
        check_arrivals(RESULTS)
    except InputError as error:
        raise WorkflowError(str(error)) from None


localrules:
    version,


# It names no outputs: Snakemake would delete them before each run, and files that are not here must stay recorded.
rule version:
    """Records archives, networks, targets and results in DVC, and pushes them where a remote is set."""
    input:
        made=lambda wc: [file for name in files_of(STUDY) if Path(file := f"{RESULTS}/{name}").exists()],
        code=imports_of("version.py"),
    log:
        f"{RESULTS}/logs/version.log",
    conda:
        "../../envs/versioning.yaml"
    params:
        config=STUDY.config.model_dump(),
    script:
        "../scripts/version.py"
