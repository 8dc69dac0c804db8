"""Scores and settings as `dvc metrics`, `dvc plots` and `dvc params` compare them between commits."""

import csv
import io
from pathlib import Path

import yaml

from skinkd.atomic import write_text
from skinkd.records import read_record, write_record
from skinkd.study import Study

PARAMS, SCORES, COMPARED = "params.json", "scores.csv", "dvc.yaml"
SHOWN = "balanced_accuracy"


def write_numbers(folder: Path, study: Study, scores: list[str]) -> None:
    """Write what DVC compares beside the results: one file of metrics per arm, all settings, one plot.

    Arms that are not scored here keep the metrics of the commit that scored them.
    """
    for path in map(Path, scores):
        if path.suffix == ".json":
            place = folder / "metrics" / path.relative_to(folder / "scores")
            write_record(place, metrics_of(read_record(path)))
    metrics = sorted((folder / "metrics").rglob("*.json"))
    write_record(folder / PARAMS, params_of(study))
    write_text(folder / SCORES, _table({path: read_record(path) for path in metrics}, folder / "metrics"))
    write_text(folder / COMPARED, _compared([path.relative_to(folder).as_posix() for path in metrics]))


def metrics_of(score: dict) -> dict[str, float]:
    """The metrics of an arm over all classes that have a value, with the interval of the plotted one."""
    of_all = [metric for metric in score["metrics"] if metric["class"] == "" and metric["value"] is not None]
    values = {metric["metric"]: metric["value"] for metric in of_all}
    ends = {f"{SHOWN}_{end}": m[end] for m in of_all if m["metric"] == SHOWN for end in ("low", "high")}
    return values | ends


def params_of(study: Study) -> dict:
    """What the study's numbers depend on and its files may change."""
    config = study.config.model_dump(include={"seeds", "teacher_seed", "view_seed", "size_px", "statistics"})
    sources = {name: study.config.sources[name].model_dump() for name in study.sources()}
    papers: dict = {}
    for (paper, protocol), resolved in study.papers.items():
        papers.setdefault(paper, {})[protocol] = {
            "split": resolved.split.model_dump(),
            "views": resolved.views,
            "augmentation": resolved.augmentation.model_dump(),
            "arms": {arm: _params_of_arm(study, paper, protocol, arm) for arm in study.arms(paper, protocol)},
        }
    return config | {"device": study.config.device.of_jobs, "sources": sources, "papers": papers}


def _params_of_arm(study: Study, paper: str, protocol: str, arm: str) -> dict:
    """An arm's network, teachers, recipe and losses; a loss may stand there twice."""
    about = study.arm(paper, protocol, arm)
    return {
        "network": study.network(paper, protocol, arm),
        "teachers": list(about.teachers),
        "control": about.control,
        "training": study.training(paper, protocol, arm),
        "loss": {f"{place}_{term.name}": term.model_dump() for place, term in enumerate(about.loss)},
    }


def _table(metrics: dict[Path, dict], folder: Path) -> str:
    """A row per arm."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["arm", SHOWN])
    for path, values in metrics.items():
        rows.writerow([path.relative_to(folder).with_suffix("").as_posix(), values.get(SHOWN, "")])
    return text.getvalue()


def _compared(metrics: list[str]) -> str:
    """The file by which DVC finds the others; it has no stages, since Snakemake owns the graph."""
    plot = {SCORES: {"x": SHOWN, "y": "arm", "template": "bar_horizontal", "title": "Balanced accuracy"}}
    return yaml.safe_dump({"metrics": metrics, "params": [PARAMS], "plots": [plot]}, sort_keys=False)
