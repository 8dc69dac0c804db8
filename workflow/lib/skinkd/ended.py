"""What of a study did end, and what kept the rest from it: for a report of a part of the study."""

import os
from collections.abc import Iterator
from pathlib import Path

from skinkd.errors import InputError, examples
from skinkd.study import Study

# How the last words of a job begin that failed.
FAILURES = ("ERROR ", "Traceback (most recent call last)")
ARCHIVES = ("download", "pack_folders", "draw_archive", "draw_folders", "ingest")
STAGES = (("networks", "safetensors"), ("histories", "csv"), ("predictions", "csv"), ("costs/train", "json"))


def ended_cells(study: Study, results) -> list[tuple[str, str, str]]:
    """Every (paper, protocol, arm) of which all files are there."""
    return [cell for cell in study.cells() if all(map(os.path.exists, _files_of(study, results, cell)))]


def _files_of(study: Study, results, cell) -> Iterator[str]:
    """What the report needs of an arm, in the order in which it is made."""
    place = "/".join(cell)
    yield f"{results}/ingest/{study.paper(*cell[:2]).source}/manifest.json"
    for fold, seed in study.runs(*cell[:2]):
        yield from (f"{results}/split/{cell[0]}/{cell[1]}/fold{fold}.{suffix}" for suffix in ("csv", "json"))
        for stage, suffix in STAGES:
            yield f"{results}/{stage}/{place}/fold{fold}-seed{seed}.{suffix}"
    yield f"{results}/scores/{place}.json"
    yield f"{results}/costs/score/{place}.json"


def missing_cells(study: Study, results) -> list[dict]:
    """Every arm that did not end, and why, as `{paper, protocol, arm, reason}`."""
    ended = set(ended_cells(study, results))
    return [
        dict(zip(("paper", "protocol", "arm"), cell, strict=True)) | {"reason": _reason(study, results, cell)}
        for cell in study.cells()
        if cell not in ended
    ]


def check_that_something_ended(scores, missing: list[dict]) -> None:
    """See that a report has something to show.

    Raises:
        InputError: where no arm did end; it says why the first of them did not.
    """
    if not scores:
        reasons = {record["reason"]: None for record in missing}
        raise InputError(
            "report",
            f"no arm has ended: {examples(reasons, most=1)}",
            "There is nothing to report",
            "mend what failed, and run the report",
        )


def _reason(study: Study, results, cell) -> str:
    """What a reader must know of an arm that did not end: the last words of the job that failed first."""
    logs = [path for path in _logs_of(study, results, cell) if path.exists()]
    for path in logs:
        if failure := _failure_in(path):
            return f"failed: {failure} ({path})"
    begun = [path for path in logs if path.is_relative_to(Path(results, "logs/train", *cell))]
    if not begun:
        return "not run: no job of this arm has begun"
    absent = next(path for path in _files_of(study, results, cell) if not os.path.exists(path))
    words = "".join(f"; {line} ({begun[-1]})" for line in _lines_of(begun[-1])[-1:])
    return f"not run to its end: {absent} is not there{words}"


def _failure_in(path: Path) -> str:
    """The last line of a log whose job failed; empty for others."""
    lines = _lines_of(path)
    return lines[-1] if any(line.startswith(FAILURES) for line in lines) else ""


def _lines_of(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _logs_of(study: Study, results, cell) -> Iterator[Path]:
    """Logs of the jobs that an arm needs, in the order in which they run."""
    paper, protocol, arm = cell
    logs, source = Path(results, "logs"), study.paper(paper, protocol).source
    for rule in ARCHIVES:
        yield logs / rule / f"{source}.log"
        yield from sorted((logs / rule / source).glob("*.log"))
    for rule in ("split", "validate_split"):
        for fold in study.paper(paper, protocol).folds:
            yield logs / rule / paper / protocol / f"fold{fold}.log"
    yield from _training_logs(study, logs, paper, protocol, arm, study.config.seeds)
    yield logs / "score" / paper / protocol / f"{arm}.log"


def _training_logs(study: Study, logs: Path, paper, protocol, arm, seeds) -> Iterator[Path]:
    """Logs of an arm's teachers, and of the arm."""
    seed = study.config.teacher_seed
    runs = [f"fold{fold}-seed{seed}.log" for fold in study.paper(paper, protocol).folds]
    for teacher in study.arm(paper, protocol, arm).teachers:
        yield from _training_logs(study, logs, paper, protocol, teacher, [seed])
        for rule in ("cache_targets", "train_projection"):
            yield from (logs / rule / paper / protocol / teacher / run for run in runs)
    if weights := study.network(paper, protocol, arm)["weights"]:
        for rule in ("fetch_weights", "validate_weights"):
            yield from sorted((logs / rule / weights).glob("*.log"))
    for fold in study.paper(paper, protocol).folds:
        yield from (logs / "train" / paper / protocol / arm / f"fold{fold}-seed{s}.log" for s in seeds)
