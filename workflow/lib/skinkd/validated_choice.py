"""The arms that stand for a paper where a student is to be used: chosen by validation, never by test."""

from statistics import fmean

from skinkd.lookups import scores_of, training_of
from skinkd.selections import own_distilled, teachers_of

RULE = (
    "the paper's distilled student with the highest balanced accuracy on the validation part (mean over "
    "runs), the student alone, and their teacher"
)
MOST = 4


def validated_arms(results: dict, paper: str, protocol: str) -> list[str]:
    """The scored arms of `RULE` under one protocol, in the paper's order; without one the first four."""
    scored = scores_of(results, paper, protocol)
    best = best_by_validation(results, paper, protocol)
    if best is None:
        return list(scored)[:MOST]
    about = results["papers"][paper]["arms"][best]
    chosen = {best, about["baseline"], *teachers_of(about)}
    return [arm for arm in scored if arm in chosen]


def best_by_validation(results: dict, paper: str, protocol: str) -> str | None:
    """The scored distilled student of `RULE`; of equals the first."""
    scored = scores_of(results, paper, protocol)
    runs = training_of(results, paper, protocol)
    found = {arm: _validated(runs.get(arm, [])) for arm in own_distilled(results, paper) if arm in scored}
    found = {arm: value for arm, value in found.items() if value is not None}
    return max(found, key=found.get) if found else None


def _validated(runs: list[dict]) -> float | None:
    """Balanced accuracy on validation in the epoch that was kept, mean over the runs."""
    values = [
        run["validation_balanced_accuracy"][run["best_epoch"] - 1] if run["best_epoch"] else None
        for run in runs
    ]
    return fmean(values) if values and None not in values else None
