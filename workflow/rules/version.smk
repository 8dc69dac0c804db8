"""Versions: DVC keeps the bytes, git which of them belong to which code. `make restore` fetches them again.

needs   whatever lies in RESULTS; a finished study is brought up to date first
makes   RESULTS/*.dvc, RESULTS/lineage.json     what DVC keeps, and how it was made
        RESULTS/metrics/, params.json, scores.csv, dvc.yaml     what DVC compares between commits
"""

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
        # A finished study is brought up to date; where it is not, or not fetched whole, what is here is recorded.
        results=lambda wc: [file for file in [f"{REPORT}/results.json"] if Path(file).exists()],
        code=imports_of("version.py"),
    log:
        f"{RESULTS}/logs/version.log",
    conda:
        "../../envs/versioning.yaml"
    params:
        config=STUDY.config.model_dump(),
    script:
        "../scripts/version.py"
