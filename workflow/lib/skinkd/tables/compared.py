"""Arms against each other: protocols, teachers that know nothing, methods newer than the paper."""

from statistics import fmean

from skinkd import captions, cells, formats
from skinkd.cells import Cell, Column, Table, slug
from skinkd.lookups import (
    HEADLINE,
    arm_label,
    difference_of,
    metric_label,
    metric_of,
    paper_label,
    protocol_label,
    protocols_of,
    score_of,
)
from skinkd.selections import beyond, controls, main_arms, printed_most, teachers_of
from skinkd.tables.scored import NOT_SCORED, score_cell

METRICS = (HEADLINE, "accuracy")
# What one protocol minus another says.
CONTRASTS = {
    "leakage": ("Leakage, pp", "as_published", "leak_free"),
    "fidelity": ("Fidelity, pp", "as_coded", "as_published"),
}
MEANINGS = (
    "Leakage: as published minus leak-free. Leak-free also corrects some losses and the selection, so only "
    "arms with the same loss under both show leakage apart from corrections. Fidelity: as coded minus as "
    "published. The protocols test different images or train other losses, so these differences are not "
    "paired and have no interval."
)


def protocols(results: dict, paper: str) -> Table:
    """Each arm under each protocol, and how far they lie apart."""
    known = protocols_of(results, paper)
    rows = [
        (
            cells.text(arm_label(results, paper, arm)),
            cells.text(metric_label(metric)),
            *(score_cell(results, paper, protocol, arm, metric) for protocol in known),
            *(_contrast_cell(results, paper, arm, metric, *sides) for _, *sides in CONTRASTS.values()),
        )
        for arm in results["papers"][paper]["arms"]
        for metric in METRICS
    ]
    return Table(
        name=slug(paper, "protocols"),
        title=f"{paper_label(results, paper)}: the same arm under each protocol",
        caption=f"{MEANINGS} {captions.all_evidence(results, paper)}",
        columns=(
            Column("arm", "Arm"),
            Column("metric", "Metric"),
            *(Column(protocol, protocol_label(protocol), True) for protocol in known),
            *(Column(key, head, True) for key, (head, *_) in CONTRASTS.items()),
        ),
        rows=tuple(rows),
        grouped=True,
        folded=True,
    )


def contrast(results: dict, paper: str, arm: str, metric: str, one: str, other: str) -> float | None:
    """A metric under one protocol minus that under another; None where either is missing."""
    sides = [metric_of(score_of(results, paper, protocol, arm), metric) for protocol in (one, other)]
    values = [side["value"] if side else None for side in sides]
    return None if None in values else values[0] - values[1]


def _contrast_cell(results, paper, arm, metric, one, other):
    absent = [p for p in (one, other) if p not in protocols_of(results, paper)]
    if absent:
        return cells.missing(f"the paper is not run {protocol_label(absent[0]).lower()}", "no protocol")
    return cells.points(
        contrast(results, paper, arm, metric, one, other), "not run: one protocol has no score of this arm"
    )


def study_protocols(results: dict) -> Table:
    """For each paper, how far the protocols lie apart on average over its arms."""
    return Table(
        name="protocols",
        title="What leakage and code are worth",
        caption=f"Mean over the arms that ran under both protocols, of {metric_label(HEADLINE).lower()}; for "
        "leakage only over those whose loss is the same under both. The lowest and the highest stand below "
        f"it. {MEANINGS}",
        columns=(
            Column("paper", "Paper"),
            *(Column(key, head, True) for key, (head, *_) in CONTRASTS.items()),
            *(Column(f"{key}_arms", f"Arms, {key}", True) for key in CONTRASTS),
        ),
        rows=tuple(_study_row(results, paper) for paper in results["papers"]),
    )


def _study_row(results, paper):
    arms = results["papers"][paper]["arms"]
    counted = {"leakage": [arm for arm in arms if same_loss(arms[arm])], "fidelity": list(arms)}
    found = [
        [contrast(results, paper, arm, HEADLINE, *sides) for arm in counted[key]]
        for key, (_, *sides) in CONTRASTS.items()
    ]
    found = [[value for value in values if value is not None] for values in found]
    return (
        cells.text(paper_label(results, paper)),
        *(_mean_cell(values) for values in found),
        *(cells.count(len(values)) for values in found),
    )


def same_loss(about: dict) -> bool:
    """Whether an arm's loss is the same as published and leak-free."""
    _, *sides = CONTRASTS["leakage"]
    return len({str(about["losses"].get(protocol)) for protocol in sides}) == 1


def _mean_cell(values):
    if not values:
        return cells.missing("no arm was run under both protocols", "none")
    mean = fmean(values)
    ends = formats.points_interval(min(values), max(values)).replace(", ", " to ").strip("[]")
    return Cell(formats.shaped_points(mean), (ends,), mean, kind="number")


def controlled(results: dict, paper: str) -> Table | None:
    """Hard labels alone, the teacher itself, and teachers that know nothing; None without a control."""
    arms = results["papers"][paper]["arms"]
    known = controls(results, paper)
    if not known:
        return None
    around = {name for arm in known for name in (arms[arm]["baseline"], *teachers_of(arms[arm]))}
    around.add(printed_most(results, paper))
    return _against_baseline(
        results,
        paper,
        [arm for arm in arms if arm in around or arm in known],
        name=slug(paper, "controls"),
        title=f"{paper_label(results, paper)}: controls",
        caption="Below each value its difference to hard labels alone, in percentage points, paired; that of "
        "the teacher itself is not paired. A teacher whose rows are shuffled, or that says the same of all "
        "classes, knows nothing of the picture: what it gains is no distilled knowledge.",
    )


def newer(results: dict, paper: str) -> Table | None:
    """Methods newer than the paper beside its own main arms; None where there is none."""
    known = beyond(results, paper)
    if not known:
        return None
    return _against_baseline(
        results,
        paper,
        [*main_arms(results, paper), *known],
        name=slug(paper, "beyond"),
        title=f"{paper_label(results, paper)}: beyond the paper",
        caption="Methods newer than the paper, below its own, on the same task. Below each value its "
        "difference to hard labels alone, in percentage points, paired.",
    )


def _against_baseline(results, paper, shown, *, caption, **table):
    arms = results["papers"][paper]["arms"]
    [*_, baseline] = [arms[arm]["baseline"] for arm in shown if arms[arm]["baseline"]]
    known = protocols_of(results, paper)
    return Table(
        **table,
        caption=f"{metric_label(HEADLINE)}. {caption} {captions.all_evidence(results, paper)}",
        columns=(
            Column("arm", "Arm"),
            Column("is", "What it is"),
            *(Column(protocol, protocol_label(protocol), True) for protocol in known),
        ),
        rows=tuple(
            (
                cells.text(arms[arm]["label"]),
                cells.text(_what_it_is(arms[arm], arm == baseline)),
                *(_gain_cell(results, paper, protocol, arm, baseline) for protocol in known),
            )
            for arm in shown
        ),
    )


def _what_it_is(about, is_baseline):
    if is_baseline:
        return "hard labels alone"
    if about["control"]:
        return f"control: {about['control']} teacher"
    return {"teacher": "the teacher itself", "student": "a student alone"}.get(
        about["role"], "distilled student"
    )


def _gain_cell(results, paper, protocol, arm, baseline):
    """A score, and below it what the arm gains over hard labels alone."""
    score = score_of(results, paper, protocol, arm)
    record = metric_of(score, HEADLINE)
    if record is None:
        return cells.missing(NOT_SCORED)
    paired = difference_of(score, HEADLINE)
    if paired and None not in (paired["value"], paired["low"], paired["high"]):
        ends = formats.points_interval(paired["low"], paired["high"])
        below = (f"{formats.points(paired['value'])} {ends}",)
    else:
        below = _unpaired(results, paper, protocol, baseline, record) if arm != baseline else ()
    return cells.estimate(record["value"], record["low"], record["high"], record["note"], below)


def _unpaired(results, paper, protocol, baseline, record):
    other = metric_of(score_of(results, paper, protocol, baseline), HEADLINE)
    if None in (record["value"], other and other["value"]):
        return ()
    return (f"{formats.points(record['value'] - other['value'])}, not paired",)
