"""Each arm against its baseline: difference, tests, what the test could have found, and seeds apart."""

from skinkd import cells, comparison_captions, formats
from skinkd.cells import Cell, Column, Table, slug
from skinkd.comparisons.family import NOT_THE_SAME_RUNS
from skinkd.lookups import arm_label, paper_label, protocol_label

WHICH = (Column("protocol", "Protocol"), Column("arm", "Arm"))
COLUMNS = (
    *WHICH,
    Column("difference", "Difference, pp", True),
    Column("p", "p", True),
    Column("p_holm", "p, Holm", True),
    Column("conclusion", "Conclusion"),
    Column("detectable_difference", "Would find, pp", True),
    Column("seed_sd", "SD over seeds, pp", True),
    Column("p_sign_flip", "p, seeds", True),
)
SECONDARY_COLUMNS = (
    *WHICH,
    Column("accuracy", "Accuracy, pp", True),
    Column("accuracy_p", "p, accuracy", True),
    Column("mcnemar_ignoring_lesions", "McNemar, ignores lesions", True),
    Column("auc", "AUC, pp", True),
    Column("auc_p", "p, AUC", True),
    Column("delong_ignoring_lesions", "DeLong, ignores lesions", True),
)
AREA_COLUMNS = (
    *WHICH,
    Column("class", "Class"),
    Column("difference", "Difference, pp", True),
    Column("median_p", "Median p", True),
    Column("largest_p", "Largest p", True),
    Column("models", "Pairs of models", True),
)
UNDEFINED = "undefined: a class has no test image, or resamples are too few"
NO_TEST = "undefined: fewer than two images of a class, or areas that no image moves"


def comparisons_of(results: dict, paper: str) -> list[dict]:
    """The records of one paper; none in a record of before there were any."""
    return [record for record in results.get("comparisons", []) if record["paper"] == paper]


def comparisons(results: dict, paper: str) -> Table | None:
    """Each arm of one paper against its baseline in balanced accuracy: the family."""
    records = comparisons_of(results, paper)
    if not records:
        return None
    return Table(
        name=slug(paper, "comparisons"),
        title=f"{paper_label(results, paper)}: each arm against {_baselines(results, paper, records)}",
        caption=comparison_captions.comparisons(results, paper, records),
        columns=COLUMNS,
        rows=tuple(_which(results, paper, record) + _row(record) for record in records),
        grouped=True,
    )


def secondary(results: dict, paper: str) -> Table | None:
    """The same arms in accuracy and AUC, outside the family, with the tests that ignore lesions."""
    records = comparisons_of(results, paper)
    if not records:
        return None
    baselines = _baselines(results, paper, records)
    return Table(
        name=slug(paper, "secondary"),
        title=f"{paper_label(results, paper)}: accuracy and AUC of each arm against {baselines}",
        caption=comparison_captions.secondary(results, paper),
        columns=SECONDARY_COLUMNS,
        rows=tuple(_which(results, paper, record) + _secondary_row(record) for record in records),
        grouped=True,
        folded=True,
    )


def _baselines(results, paper, records) -> str:
    return " or ".join(sorted({arm_label(results, paper, record["baseline"]) for record in records}))


def _which(results, paper, record) -> tuple[Cell, ...]:
    """Protocol and arm."""
    return cells.text(protocol_label(record["protocol"])), cells.text(
        arm_label(results, paper, record["arm"])
    )


def _row(record) -> tuple[Cell, ...]:
    return (
        difference(record["difference"], record["low"], record["high"]),
        *(p_cell(record[key], UNDEFINED) for key in ("p", "p_holm")),
        _conclusion(record),
        _points(
            record["detectable_difference"],
            comparison_captions.ALIKE if record["conclusion"] == "alike" else UNDEFINED,
        ),
        _points(record["seed_sd"], "one seed has no spread" if record["n_seeds"] == 1 else NOT_THE_SAME_RUNS),
        p_cell(record["p_sign_flip"], NOT_THE_SAME_RUNS),
    )


def _secondary_row(record) -> tuple[Cell, ...]:
    accuracy, auc = record["accuracy"], record["auc"]
    return (
        difference(accuracy["value"], accuracy["low"], accuracy["high"]),
        p_cell(accuracy["p"], UNDEFINED),
        _over_models(record["mcnemar_ignoring_lesions"], "median_p", _largest, NOT_THE_SAME_RUNS),
        difference(auc["value"], auc["low"], auc["high"]),
        p_cell(auc["p"], UNDEFINED),
        _over_models(
            record["delong_ignoring_lesions"], "p_holm", _class, f"{NO_TEST}, or {NOT_THE_SAME_RUNS}"
        ),
    )


def difference(value: float | None, low: float | None, high: float | None) -> Cell:
    """A difference in points, whose column names the unit, with its interval."""
    if value is None:
        return cells.missing(UNDEFINED, "no difference")
    ends = () if None in (low, high) else (formats.points_interval(low, high),)
    return Cell(formats.shaped_points(value), ends, value, low, high, kind="number")


def p_cell(p: float | None, why: str) -> Cell:
    """A p value, or why there is none."""
    return cells.missing(why, "none") if p is None else Cell(formats.p_value(p), value=p, kind="number")


def _points(value: float | None, why: str) -> Cell:
    """A size in points without a sign."""
    if value is None:
        return cells.missing(why, "none")
    return Cell(f"{100 * value:.1f}", value=value, kind="number")


def _over_models(test: dict | None, key: str, line, why: str) -> Cell:
    """A test made for each pair of models, the p value to be read."""
    if test is None:
        return cells.missing(why, "none")
    lines = (line(test),) if line(test) else ()
    return Cell(formats.p_value(test[key]), lines, value=test[key], kind="number")


def _largest(test: dict) -> str:
    """Up to where the p values of several pairs of models go."""
    return f"to {formats.p_value(test['largest_p'])}" if test["models"] > 1 else ""


def _class(test: dict) -> str:
    """The class of a test, where there are several."""
    return test["class"] if test["n_tests"] > 1 else ""


def _conclusion(record) -> Cell:
    """The conclusion; where there is none, or a shaky one, what that rests on."""
    if record["conclusion"] == "undefined":
        return cells.missing(UNDEFINED, "none")
    return Cell(record["conclusion"], why=comparison_captions.WORDS.get(record["conclusion"], ""))


def areas(results: dict, paper: str) -> Table | None:
    """DeLong's test of each class, with the interval over lesions beside it; a file for programs."""
    rows = [
        _area_row(results, paper, score, record)
        for score in results["scores"]
        if score["paper"] == paper
        for record in score["differences"]
        if record["class"] and "delong_ignoring_lesions" in record
    ]
    if not rows:
        return None
    return Table(
        name=slug(paper, "areas"),
        title=f"{paper_label(results, paper)}: AUC of each class against its baseline",
        caption=comparison_captions.areas(results, paper),
        columns=AREA_COLUMNS,
        rows=tuple(rows),
        grouped=True,
        filed=True,
    )


def _area_row(results, paper, score, record) -> tuple[Cell, ...]:
    test = record["delong_ignoring_lesions"] or {}
    why = f"{NO_TEST}, or {NOT_THE_SAME_RUNS}"
    return (
        cells.text(protocol_label(score["protocol"])),
        cells.text(arm_label(results, paper, score["arm"])),
        cells.text(record["class"]),
        difference(record["value"], record["low"], record["high"]),
        *(p_cell(test.get(key), why) for key in ("median_p", "largest_p")),
        cells.count(test.get("models", 0)),
    )
