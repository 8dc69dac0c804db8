"""Whether an arm's probabilities hold, before and after one temperature."""

from skinkd import captions, cells, formats
from skinkd.cells import Cell, Column, Table, slug
from skinkd.lookups import paper_label
from skinkd.tables.by_arm import HEADS, rows_by_arm

LOSSES = {"negative_log_likelihood": "NLL", "brier": "Brier score"}
ERRORS = {"expected_calibration_error": "ECE", "classwise_calibration_error": "Classwise ECE"}
SIDES = ("before", "after")
WORDS = (
    "Before: the probabilities as they are. After: logits divided by one temperature for each run, fitted on "
    "its validation part alone, from 0.01 to 100; above 1, the network was too sure. NLL in nats, Brier "
    "score from 0 to 2: less is better. ECE: mean distance of the highest probability from the share that is "
    "right, over 15 bins of as many images; below it, where it would lie if the probabilities held, the "
    "images of a lesion sharing their luck. Classwise: the same for each class's probability, mean over "
    "classes. Both have no interval: resampling adds to them."
)
NOT_RECORDED = "this record is older than the count"


def calibration(results: dict, paper: str) -> Table:
    """Temperature, losses and calibration errors of each arm under each protocol."""
    return Table(
        name=slug(paper, "calibration"),
        title=f"{paper_label(results, paper)}: calibration",
        caption=f"{WORDS} {captions.all_evidence(results, paper)}",
        columns=(
            *HEADS,
            Column("temperature", "Temperature", True),
            *(
                Column(f"{name}_{side}", f"{label} {side}", True)
                for name, label in (LOSSES | ERRORS).items()
                for side in SIDES
            ),
        ),
        rows=rows_by_arm(results, paper, lambda score: _cells(score.get("calibration"))),
        grouped=True,
        folded=True,
    )


def _cells(record: dict | None) -> list[Cell]:
    if record is None:
        return [cells.missing(NOT_RECORDED, "not recorded")] * (1 + len(SIDES) * len(LOSSES | ERRORS))
    names = [(name, side) for name in LOSSES | ERRORS for side in SIDES]
    return [
        cells.number(record["temperature"], record["reason"], "none"),
        *(_number(record[side], name, record["reason"]) for name, side in names),
    ]


def _number(side: dict | None, name: str, reason: str) -> Cell:
    """One number before or after; the calibration error with what it would be if the probabilities held."""
    if side is None:
        return cells.missing(reason, "none")
    own = side[name]
    more = ()
    if "low_if_calibrated" in own:
        more = (f"held: {formats.interval(own['low_if_calibrated'], own['high_if_calibrated'])}",)
    return cells.estimate(own["value"], own.get("low"), own.get("high"), more=more)
