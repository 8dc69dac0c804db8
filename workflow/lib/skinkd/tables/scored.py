"""What this run scored: arms, metrics, paired differences, and how far the protocols lie apart."""

from dataclasses import replace

from skinkd import captions, cells, formats
from skinkd.cells import Cell, Column, Table, slug
from skinkd.lookups import (
    HEADLINE,
    ROLES,
    arm_label,
    arms_with_role,
    difference_of,
    metric_label,
    metric_of,
    paper_label,
    protocol_label,
    score_of,
    scores_of,
)

OVERALL = ("balanced_accuracy", "accuracy", "auc", "map", "macro_precision")
PER_CLASS = ("recall", "precision", "f1", "auc")
NOT_SCORED = "not run: no scores of this arm under this protocol"


def summary(results: dict, paper: str) -> Table:
    """The headline metric of each arm under each protocol, and what distillation changed."""
    rows = [
        _summary_row(results, f"{ROLES[role]}: {arm_label(results, paper, arm)}", paper, arm, _score_cell)
        for role in ROLES
        for arm in arms_with_role(results, paper, role)
    ]
    rows += [
        _summary_row(
            results, f"{arm_label(results, paper, arm)} minus student alone", paper, arm, _difference_cell
        )
        for arm in arms_with_role(results, paper, "distilled")
    ]
    return Table(
        name=slug(paper, "summary"),
        title=f"{paper_label(results, paper)}: {captions.HEADLINE_LABEL}",
        caption=f"Differences are paired. {captions.all_evidence(results, paper)}",
        columns=(Column("arm", "Arm"), *(Column(p, protocol_label(p), True) for p in results["protocols"])),
        rows=tuple(rows),
    )


def _summary_row(results, head, paper, arm, cell):
    return (cells.text(head), *(cell(results, paper, p, arm, HEADLINE) for p in results["protocols"]))


def arms(results: dict, paper: str) -> Table:
    """What each arm is: network, loss, teacher, size."""
    about = results["papers"][paper]
    heads = ("Arm", "Role", "Network", "Loss", "Teacher")
    return Table(
        name=slug(paper, "arms"),
        title=f"{about['label']}: arms",
        caption=f"{about['reproduces']}",
        columns=(*(Column(head.lower(), head) for head in heads), Column("parameters", "Parameters", True)),
        rows=tuple(
            (
                *map(cells.text, (arm["label"], ROLES[arm["role"]], arm["network"], arm["loss"])),
                cells.text(arm_label(results, paper, arm["teacher"]) if arm["teacher"] else "none"),
                _parameters(arm),
            )
            for arm in about["arms"].values()
        ),
    )


def _parameters(arm: dict):
    """How many numbers training may change; known once a network was built."""
    if arm["parameters"] is None:
        return cells.missing("this study does not run the arm")
    return cells.count(arm["parameters"])


def scores(results: dict, paper: str) -> Table:
    """The metrics over all classes of each arm under each protocol."""
    return Table(
        name=slug(paper, "scores"),
        title=f"{paper_label(results, paper)}: scores",
        caption=f"The spread over seeds is a standard deviation. {captions.all_evidence(results, paper)}",
        columns=(
            Column("arm", "Arm"),
            Column("protocol", "Protocol"),
            *(Column(metric, metric_label(metric), True) for metric in OVERALL),
            Column("seeds", "Seeds", True),
            Column("seed_sd", "SD over seeds", True),
        ),
        rows=tuple(
            (
                cells.text(arm_label(results, paper, arm)),
                cells.text(protocol_label(protocol)),
                *(_score_cell(results, paper, protocol, arm, metric, noted=True) for metric in OVERALL),
                *_seed_cells(score_of(results, paper, protocol, arm)),
            )
            for arm in results["papers"][paper]["arms"]
            for protocol in results["protocols"]
        ),
        grouped=True,
    )


def _score_cell(results, paper, protocol, arm, metric, of_class="", noted=False):
    """One score; with `noted`, what its record says it rests on."""
    score = score_of(results, paper, protocol, arm)
    record = metric_of(score, metric, of_class)
    if record is None:
        return cells.missing(NOT_SCORED if score is None else "not scored for this arm")
    shown = cells.estimate(record["value"], record["low"], record["high"], record["note"])
    return replace(shown, why=record["note"]) if noted and record["note"] else shown


def _seed_cells(score):
    if score is None:
        return cells.count(0), cells.missing(NOT_SCORED)
    record = metric_of(score, HEADLINE)
    spread = record["seed_sd"] if record else None
    return cells.count(score["n_seeds"]), cells.number(spread, "one seed has no spread", "none")


def classes(results: dict, paper: str, protocol: str) -> Table:
    """The metrics of each class and arm under one protocol."""
    rows = [
        (
            cells.text(of_class),
            cells.text(arm_label(results, paper, arm)),
            cells.count(score["support"][of_class]["images"]),
            cells.count(score["support"][of_class]["lesions"]),
            *(
                _score_cell(results, paper, protocol, arm, metric, of_class, noted=True)
                for metric in PER_CLASS
            ),
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
            *(Column(metric, metric_label(metric), True) for metric in PER_CLASS),
        ),
        rows=tuple(rows),
        grouped=True,
        folded=True,
    )


def differences(results: dict, paper: str) -> Table:
    """What each distilled student gains or loses against its baseline, paired."""
    arms_ = arms_with_role(results, paper, "distilled")
    rows = [
        (
            cells.text(arm_label(results, paper, arm)),
            cells.text(protocol_label(protocol)),
            *(_difference_cell(results, paper, protocol, arm, metric) for metric in OVERALL),
        )
        for arm in arms_
        for protocol in results["protocols"]
    ]
    return Table(
        name=slug(paper, "differences"),
        title=f"{paper_label(results, paper)}: distilled minus student alone",
        caption="In percentage points; both students are scored on the same resamples of lesions. An "
        f"interval without 0 shows a difference. {captions.all_evidence(results, paper)}",
        columns=(
            Column("arm", "Arm"),
            Column("protocol", "Protocol"),
            *(Column(metric, metric_label(metric), True) for metric in OVERALL),
        ),
        rows=tuple(rows),
        grouped=True,
    )


def _difference_cell(results, paper, protocol, arm, metric):
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


def protocols(results: dict) -> Table:
    """How far the protocols lie apart: every other one minus the first."""
    first, *others = results["protocols"]
    rows = [
        (
            cells.text(paper_label(results, paper)),
            cells.text(arm_label(results, paper, arm)),
            cells.text(f"{protocol_label(other)} minus {protocol_label(first).lower()}"),
            *(_protocol_cell(results, paper, arm, metric, first, other) for metric in OVERALL),
        )
        for paper, about in results["papers"].items()
        for arm in about["arms"]
        for other in others
    ]
    return Table(
        name="protocols",
        title="The same arm under different protocols",
        caption="In percentage points, with both values below. The protocols test different images, so these "
        f"differences are not paired and have no interval; each value's own stands in the scores. "
        f"{captions.study_evidence(results)}",
        columns=(
            *(Column(head.lower(), head) for head in ("Paper", "Arm", "Protocols")),
            *(Column(metric, metric_label(metric), True) for metric in OVERALL),
        ),
        rows=tuple(rows),
    )


def _protocol_cell(results, paper, arm, metric, first, other):
    sides = [metric_of(score_of(results, paper, protocol, arm), metric) for protocol in (other, first)]
    values = [side["value"] if side else None for side in sides]
    if None in values:
        return cells.missing("not run: one protocol has no score of this arm", "no difference")
    return Cell(
        formats.points(values[0] - values[1]),
        (f"{formats.number(values[0])} against {formats.number(values[1])}",),
        value=values[0] - values[1],
        kind="number",
    )
