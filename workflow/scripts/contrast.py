"""Contrasts of arms: where a paper claims one above another, and each student with its teacher."""

from functools import cache, partial
from pathlib import Path

from skinkd.fidelity import fidelity
from skinkd.predictions import read_predictions
from skinkd.records import write_record
from skinkd.tested_arms import read_runs, tested
from skinkd.trials.contrasting import contrasts
from skinkd.trials.declared import read_trials


def contrast_arms(runs, paths_to_predictions, taught, paths_to_trials, statistics, path_to_record):
    """Read the predictions of all runs, write every difference that a claim is about, and every fidelity.

    Args:
        runs: (paper, protocol, arm, fold, seed) of each of `paths_to_predictions`.
        taught: student, teacher, and the seed of the teacher's run, as (paper, protocol, arm, teacher, seed).
        statistics: resamples, confidence and seed.
    """
    read = cache(read_predictions)
    path_of = dict(zip(map(tuple, runs), paths_to_predictions, strict=True))
    arms_of: dict[tuple, list[str]] = {}
    for *place, arm in dict.fromkeys(run[:3] for run in path_of):
        arms_of.setdefault(tuple(place), []).append(arm)
    trials = {Path(path).stem: read_trials(path) for path in paths_to_trials}
    record = {"statistics": statistics, "differences": [], "fidelity": []}
    for (paper, protocol), arms in arms_of.items():
        arm_of = partial(_arm_of, path_of, read, paper, protocol)
        found = contrasts(trials.get(paper, []), set(arms), arm_of, **statistics)
        record["differences"] += [{"paper": paper, "protocol": protocol} | one for one in found]
    for paper, protocol, arm, teacher, seed in taught:
        if pairs := _pairs(path_of, read, (paper, protocol, arm), (paper, protocol, teacher), seed):
            about = {"paper": paper, "protocol": protocol, "arm": arm, "teacher": teacher}
            record["fidelity"].append(about | fidelity(pairs, **statistics))
    write_record(path_to_record, record)
    print(
        f"{len(record['differences'])} differences, {len(record['fidelity'])} students beside their teacher"
    )


def _arm_of(path_of, read, paper, protocol, arm):
    """An arm on its test images."""
    return tested(read_runs([path_of[run] for run in path_of if run[:3] == (paper, protocol, arm)], read))


def _pairs(path_of, read, student, teacher, seed):
    """Each of a student's runs with that of its teacher, where the teacher's predictions are there."""
    return [
        (read(path), read(path_of[*teacher, fold, seed]))
        for (*cell, fold, _), path in path_of.items()
        if tuple(cell) == student and (*teacher, fold, seed) in path_of
    ]


if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0]):
        contrast_arms(
            runs=snakemake.params.runs,
            paths_to_predictions=snakemake.input.predictions,
            taught=snakemake.params.taught,
            paths_to_trials=snakemake.input.trials,
            statistics=snakemake.params.statistics,
            path_to_record=snakemake.output.contrasts,
        )
