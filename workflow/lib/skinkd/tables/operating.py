"""What an arm finds of melanoma, or of malignant lesions, and at the price of which false alarms."""

from skinkd import captions, cells, formats
from skinkd.cells import Cell, Column, Table, slug
from skinkd.detection import OTHER, WANTED
from skinkd.lookups import (
    arm_label,
    metric_of,
    paper_label,
    protocol_label,
    protocols_of,
    score_of,
    scores_of,
)
from skinkd.tables.by_arm import HEADS, rows_by_arm
from skinkd.tables.calibrated import NOT_RECORDED
from skinkd.validated_choice import RULE, validated_arms

SHORT = {"sensitivity": "sens.", "specificity": "spec."}
WORDS = (
    "Read from the curve of the test part itself, which flatters: the best share that the curve reaches "
    "while it keeps the other. AUC above 80 % sensitivity: the raw area below the curve from where it "
    "reaches that sensitivity on, auc_sens_80 of the official scorer of ISIC; 1 is perfect, 0.18 is chance."
)


def operating(results: dict, paper: str) -> Table:
    """AUC, `auc_sens_80` and what the test curve allows, of each arm under each protocol."""
    return Table(
        name=slug(paper, "operating"),
        title=f"{paper_label(results, paper)}: {_class_of(results, paper)} against the rest",
        caption=f"{WORDS} {captions.all_evidence(results, paper)}",
        columns=(
            *HEADS,
            Column("auc", "AUC", True),
            Column("auc_sens_80", "AUC above 80 % sens.", True),
            *(
                Column(
                    f"{OTHER[of]}_at_{of}_{at:g}",
                    f"{SHORT[OTHER[of]].capitalize()} at {SHORT[of]} {at:.2f}",
                    True,
                )
                for of, at in WANTED
            ),
        ),
        rows=rows_by_arm(results, paper, _curve_cells),
        grouped=True,
        folded=True,
    )


def _class_of(results, paper) -> str:
    """The class that is to be found, as the first score names it."""
    records = [score.get("operating_points") for score in results["scores"] if score["paper"] == paper]
    return next((record["class"] for record in records if record and record["class"]), "a class")


def _curve_cells(score: dict) -> list[Cell]:
    record = score.get("operating_points")
    if record is None:
        return [cells.missing(NOT_RECORDED, "not recorded")] * (2 + len(WANTED))
    if record["reason"]:
        return [cells.missing(record["reason"], "none")] * (2 + len(WANTED))
    area = metric_of(score, "auc", record["class"])
    found = [area, record["auc_sens_80"], *(point["on_test_curve"] for point in record["points"])]
    return [cells.estimate(own["value"], own["low"], own["high"], own.get("note", "")) for own in found]


def thresholds(results: dict, paper: str) -> Table:
    """What thresholds chosen on validation give there and on test, for the arms of `RULE`."""
    return _thresholds(
        results,
        paper,
        {protocol: validated_arms(results, paper, protocol) for protocol in protocols_of(results, paper)},
        name=slug(paper, "thresholds"),
        more=f" Shown: {RULE}; all others in the files.",
        folded=True,
    )


def all_thresholds(results: dict, paper: str) -> Table:
    """The same for all arms."""
    return _thresholds(
        results,
        paper,
        {protocol: list(scores_of(results, paper, protocol)) for protocol in protocols_of(results, paper)},
        name=slug(paper, "thresholds", "all"),
        more="",
        filed=True,
    )


def _thresholds(results, paper, arms, name, more, **shown) -> Table:
    rows = [
        (cells.text(protocol_label(protocol)), cells.text(arm_label(results, paper, arm)), *row)
        for protocol in protocols_of(results, paper)
        for arm in arms[protocol]
        for row in _threshold_rows(score_of(results, paper, protocol, arm))
    ]
    sides = ("sensitivity", "specificity")
    return Table(
        name=name,
        title=f"{paper_label(results, paper)}: thresholds for {_class_of(results, paper)}, from validation"
        + (", all arms" if shown.get("filed") else ""),
        caption="The threshold on the probability keeps what is wanted on the validation part and loses "
        "least of the other; what it then gives on the test part is what a user would get. Means over runs, "
        f"each with its own threshold.{more} {captions.all_evidence(results, paper)}",
        columns=(
            Column("protocol", "Protocol"),
            Column("arm", "Arm"),
            Column("wanted", "Wanted"),
            Column("threshold", "Threshold", True),
            *(
                Column(f"validation_{side}", f"{SHORT[side].capitalize()}, validation", True)
                for side in sides
            ),
            *(Column(f"test_{side}", f"{SHORT[side].capitalize()}, test", True) for side in sides),
        ),
        rows=tuple(rows),
        grouped=True,
        **shown,
    )


def _threshold_rows(score: dict) -> list[tuple[Cell, ...]]:
    record = score.get("operating_points")
    if record is None:
        return [(cells.text("any"), *[cells.missing(NOT_RECORDED, "not recorded")] * 5)]
    if record["reason"] or record["validation"]["reason"]:
        why = record["reason"] or record["validation"]["reason"]
        return [(cells.text("any"), *[cells.missing(why, "none")] * 5)]
    return [_threshold_row(point) for point in record["points"]]


def _threshold_row(point: dict) -> tuple[Cell, ...]:
    chosen, mean = point["thresholds"], point["threshold"]
    several = (
        "" if len(chosen) == 1 else f"mean of {len(chosen)} runs, {min(chosen):.3f} to {max(chosen):.3f}"
    )
    sides = ("sensitivity", "specificity")
    return (
        cells.text(f"{point['of']} {point['at']:.2f}"),
        Cell(formats.number(mean), (several,) if several else (), value=mean, kind="number"),
        *(cells.number(point["validation"][side]) for side in sides),
        *(cells.estimate(*(point["test"][side][key] for key in ("value", "low", "high"))) for side in sides),
    )
