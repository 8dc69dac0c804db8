"""What this run scored: arms, metrics, classes and paired differences."""

from dataclasses import replace

from skinkd import captions, cells, formats
from skinkd.cells import Cell, Column, Table, slug
from skinkd.lookups import (
    HEADLINE,
    METRICS,
    ROLES,
    arm_label,
    arms_with_role,
    difference_of,
    metric_label,
    metric_of,
    paper_label,
    protocol_label,
    protocols_of,
    score_of,
    scores_of,
    why_not_run,
)
from skinkd.selections import main_arms, others_than_main

NOT_SCORED = "not run: no scores of this arm under this protocol"


def metrics_of(results: dict, paper: str, *, by_class: bool) -> list[str]:
    """The metrics with scores, over all classes or by class, the headline first."""
    scored = {
        record["metric"]
        for score in results["scores"]
        if score["paper"] == paper
        for record in score["metrics"]
        if bool(record["class"]) == by_class
    }
    return sorted(scored, key=lambda metric: (metric != HEADLINE, list(METRICS).index(metric)))


def summary(results: dict, paper: str) -> Table:
    """The headline metric of the main arms under each protocol, and what distillation changed."""
    arms = results["papers"][paper]["arms"]
    main = main_arms(results, paper)
    rows = [
        _summary_row(results, f"{ROLES[arms[arm]['role']]}: {arms[arm]['label']}", paper, arm, score_cell)
        for arm in main
    ]
    rows += [
        _summary_row(results, f"{arms[arm]['label']} minus student alone", paper, arm, difference_cell)
        for arm in main
        if arms[arm]["role"] == "distilled"
    ]
    others = others_than_main(results, paper)
    left_out = f"{formats.plural(others, 'other arm')}: in the paper's section. " if others else ""
    return Table(
        name=slug(paper, "summary"),
        title=f"{paper_label(results, paper)}: {captions.HEADLINE_LABEL}",
        caption=f"{captions.HEADLINE_LABEL.capitalize()}. {left_out}Differences are paired. "
        f"{captions.all_evidence(results, paper)}",
        columns=(
            Column("arm", "Arm"),
            *(Column(p, protocol_label(p), True) for p in protocols_of(results, paper)),
        ),
        rows=tuple(rows),
    )


def _summary_row(results, head, paper, arm, cell):
    return (
        cells.text(head),
        *(cell(results, paper, p, arm, HEADLINE) for p in protocols_of(results, paper)),
    )


def scores(results: dict, paper: str) -> Table:
    """The metrics over all classes of each arm under each protocol."""
    metrics = metrics_of(results, paper, by_class=False)
    return Table(
        name=slug(paper, "scores"),
        title=f"{paper_label(results, paper)}: scores",
        caption=f"The spread over seeds is a standard deviation. {captions.all_evidence(results, paper)}",
        columns=(
            Column("arm", "Arm"),
            Column("protocol", "Protocol"),
            *(Column(metric, metric_label(metric), True) for metric in metrics),
            Column("seeds", "Seeds", True),
            Column("seed_sd", "SD over seeds", True),
        ),
        rows=tuple(
            (
                cells.text(arm_label(results, paper, arm)),
                cells.text(protocol_label(protocol)),
                *(score_cell(results, paper, protocol, arm, metric, noted=True) for metric in metrics),
                *_seed_cells(score_of(results, paper, protocol, arm)),
            )
            for arm in results["papers"][paper]["arms"]
            for protocol in protocols_of(results, paper)
        ),
        grouped=True,
        folded=True,
    )


def score_cell(results, paper, protocol, arm, metric, of_class="", noted=False) -> Cell:
    """One score; with `noted`, what its record says it rests on."""
    score = score_of(results, paper, protocol, arm)
    record = metric_of(score, metric, of_class)
    if record is None:
        why = why_not_run(results, paper, protocol, arm) or NOT_SCORED
        return cells.missing(why if score is None else "not scored for this arm")
    shown = cells.estimate(record["value"], record["low"], record["high"], record["note"])
    return replace(shown, why=record["note"]) if noted and record["note"] else shown


def _seed_cells(score):
    if score is None:
        return cells.count(0), cells.missing(NOT_SCORED)
    record = metric_of(score, HEADLINE)
    spread = record["seed_sd"] if record else None
    return cells.count(score["n_seeds"]), cells.number(spread, "one seed has no spread", "none")


def recalls(results: dict, paper: str) -> Table:
    """The recall of each class, arms below each other, one block per protocol."""
    classes = results["papers"][paper]["classes"]
    return Table(
        name=slug(paper, "recalls"),
        title=f"{paper_label(results, paper)}: recall of each class",
        caption=f"Other metrics by class: in the files. {captions.all_evidence(results, paper)}",
        columns=(
            Column("protocol", "Protocol"),
            Column("arm", "Arm"),
            *(Column(of_class, of_class, True) for of_class in classes),
        ),
        rows=tuple(
            (
                cells.text(protocol_label(protocol)),
                cells.text(arm_label(results, paper, arm)),
                *(score_cell(results, paper, protocol, arm, "recall", of_class) for of_class in classes),
            )
            for protocol in protocols_of(results, paper)
            for arm in scores_of(results, paper, protocol)
        ),
        grouped=True,
        folded=True,
    )


def classes(results: dict, paper: str, protocol: str) -> Table:
    """All metrics of each class and arm under one protocol."""
    metrics = metrics_of(results, paper, by_class=True)
    rows = [
        (
            cells.text(of_class),
            cells.text(arm_label(results, paper, arm)),
            cells.count(score["support"][of_class]["images"]),
            cells.count(score["support"][of_class]["lesions"]),
            *(score_cell(results, paper, protocol, arm, metric, of_class, noted=True) for metric in metrics),
        )
        for of_class in results["papers"][paper]["classes"]
        for arm, score in scores_of(results, paper, protocol).items()
    ]
    return Table(
        name=slug(paper, protocol, "classes"),
        title=f"{paper_label(results, paper)}, {protocol_label(protocol).lower()}: scores of each class",
        caption="Images and lesions are those of the test part. "
        + captions.evidence(results, paper, [protocol]),
        columns=(
            *(Column(head.lower(), head) for head in ("Class", "Arm")),
            *(Column(head.lower(), head, True) for head in ("Images", "Lesions")),
            *(Column(metric, metric_label(metric), True) for metric in metrics),
        ),
        rows=tuple(rows),
        grouped=True,
        filed=True,
    )


def differences(results: dict, paper: str) -> Table:
    """What each distilled student gains or loses against its baseline, paired."""
    metrics = metrics_of(results, paper, by_class=False)
    rows = [
        (
            cells.text(arm_label(results, paper, arm)),
            cells.text(protocol_label(protocol)),
            *(difference_cell(results, paper, protocol, arm, metric) for metric in metrics),
        )
        for arm in arms_with_role(results, paper, "distilled")
        for protocol in protocols_of(results, paper)
    ]
    return Table(
        name=slug(paper, "differences"),
        title=f"{paper_label(results, paper)}: distilled minus student alone",
        caption="In percentage points; both students are scored on the same resamples of lesions. An "
        f"interval without 0 shows a difference. {captions.all_evidence(results, paper)}",
        columns=(
            Column("arm", "Arm"),
            Column("protocol", "Protocol"),
            *(Column(metric, metric_label(metric), True) for metric in metrics),
        ),
        rows=tuple(rows),
        grouped=True,
        folded=True,
    )


def difference_cell(results, paper, protocol, arm, metric) -> Cell:
    """One paired difference, arm minus its baseline."""
    score = score_of(results, paper, protocol, arm)
    found = difference_of(score, metric)
    if found is None or found["value"] is None:
        return cells.missing(
            NOT_SCORED if score is None else "no paired difference was computed", "no difference"
        )
    text = formats.points(found["value"])
    if None in (found["low"], found["high"]):
        return Cell(text, value=found["value"], kind="number")
    ends = formats.points_interval(found["low"], found["high"])
    return Cell(text, (ends,), found["value"], found["low"], found["high"], kind="number")
