"""Arms against each other: where a paper claims one above another, and each student beside its teacher.

needs   RESULTS/predictions/RUN.csv, config/trials/*.yaml
makes   RESULTS/comparisons/study.json          paired differences with intervals, and fidelity
"""


def trials_of_papers():
    """What the papers claim and how it is tested; a paper may have no such file."""
    paths = [f"config/trials/{paper}.yaml" for paper in STUDY.config.papers]
    return [path for path in paths if os.path.exists(path)]


def taught_in(cells):
    """Student, teacher and the seed of the teacher's run; the student alone stands beside the same teacher."""
    found = []
    for paper, protocol, name in cells:
        arm = STUDY.arm(paper, protocol, name)
        for student in filter(None, (arm.baseline, name)):
            pairs = [(paper, protocol, student, teacher, STUDY.config.teacher_seed) for teacher in arm.teachers]
            found += [pair for pair in pairs if pair not in found and pair[2] != pair[3]]
    return found


rule compare:
    """Subtracts arms that a paper compares, and says how far each student agrees with its teacher."""
    input:
        predictions=of_runs("predictions", "csv", ALL_RUNS),
        trials=trials_of_papers(),
        code=imports_of("compare.py"),
    output:
        comparisons=f"{RESULTS}/comparisons/study.json",
    log:
        f"{RESULTS}/logs/compare.log",
    conda:
        "../../envs/report.yaml"
    params:
        runs=ALL_RUNS,
        taught=taught_in(STUDY.cells()),
        statistics=STUDY.config.statistics.model_dump(),
    script:
        "../scripts/compare.py"
