"""Arms against each other: where a paper claims one above another, and each student beside its teacher.

needs   RESULTS/predictions/RUN.csv, config/trials/*.yaml
makes   RESULTS/contrasts/study.json            paired differences with intervals, and fidelity
"""


rule contrast:
    """Subtracts arms that a paper compares, and says how far each student agrees with its teacher."""
    input:
        predictions=of_runs("predictions", "csv", ALL_RUNS),
        trials=trials_of_papers(),
        code=imports_of("contrast.py"),
    output:
        contrasts=f"{RESULTS}/contrasts/study.json",
    log:
        f"{RESULTS}/logs/contrast.log",
    conda:
        "../../envs/report.yaml"
    params:
        runs=ALL_RUNS,
        taught=taught_in(STUDY.cells()),
        statistics=STUDY.config.statistics.model_dump(),
    script:
        "../scripts/contrast.py"
