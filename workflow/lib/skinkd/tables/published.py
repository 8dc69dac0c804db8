"""Published beside reproduced: every printed number, and each paper's tables as it prints them."""

from skinkd import captions, cells, formats
from skinkd.cells import Cell, Column, Table, slug
from skinkd.lookups import (
    GLYPHS,
    arm_label,
    cells_of,
    metric_label,
    metric_of,
    paper_label,
    protocol_label,
    protocols_of,
    score_of,
)
from skinkd.quantities import QUANTITIES

NOT_PUBLISHED = "the paper prints no value"


def printed_name(paper: str, table: str) -> str:
    """The name of the table that stands for a paper's own."""
    return slug(paper, "as-printed", table)


def everything_name(paper: str) -> str:
    """The name of the table that evaluates a paper's arms on training images, too."""
    return slug(paper, "everything")


def general(results: dict) -> Table:
    """Every published number under every protocol of its paper, and what became of it."""
    shown = [cell for cell in results["cells"] if cell["table"]]
    return Table(
        name="general",
        title="Every published number",
        caption="Δ is reproduced minus published, in percentage points; where the number is no share, "
        "reproduced over published. What a paper shows and does not print, as in a figure, has ours alone. "
        f"{captions.study_evidence(results)}",
        columns=_cell_columns(),
        rows=tuple(_cell_row(results, cell) for cell in shown),
        folded=True,
    )


def every_cell(results: dict) -> Table:
    """All published numbers, and our own that no table prints."""
    return Table(
        name="cells",
        title="Every number of every paper",
        caption=f"With the numbers of this run that no paper prints. {captions.study_evidence(results)}",
        columns=_cell_columns(),
        rows=tuple(_cell_row(results, cell) for cell in results["cells"]),
        filed=True,
    )


def _cell_columns():
    words = [(head.lower(), head, False) for head in ("Paper", "Table", "Protocol", "Arm", "Metric")]
    numbers = [
        ("published", "Published", True),
        ("reproduced", "Reproduced", True),
        ("delta", "Δ, pp", True),
    ]
    verdict = [("verdict", "Verdict", False), ("why", "Why", False), ("seeds", "Seeds", True)]
    return tuple(Column(*column) for column in [*words, *numbers, *verdict])


def _cell_row(results, cell):
    paper, metric = cell["paper"], cell["metric"]
    return (
        cells.text(paper_label(results, paper)),
        cells.text(cell["table"] or "none"),
        cells.text(protocol_label(cell["protocol"])),
        cells.text(arm_label(results, paper, cell["arm"])),
        cells.text(metric_label(metric, cell["class"])),
        _value(cell["published"], metric, "not published"),
        _reproduced(cell),
        _difference(cell),
        Cell(f"{GLYPHS[cell['verdict']]} {cell['verdict']}", kind="verdict"),
        cells.text(cell["reason"]),
        cells.count(cell["n_seeds"]),
    )


def _value(value, metric, word):
    """A value, or a word whose reason stands in the last column."""
    if value is None:
        return Cell(word, kind="missing")
    return cells.number(value, metric=metric)


def _reproduced(cell):
    if cell["reproduced"] is None:
        return Cell(cells.absent_word(cell["reason"]), kind="missing")
    return cells.estimate(cell["reproduced"], cell["low"], cell["high"], metric=cell["metric"])


def _difference(cell):
    """Reproduced minus published; a ratio where the metric is no share."""
    ours, theirs = cell["reproduced"], cell["published"]
    if None in (ours, theirs):
        return Cell("none", kind="missing")
    if QUANTITIES[cell["metric"]].unit == "share":
        return cells.points(ours - theirs)
    return Cell(formats.ratio(ours, theirs) if theirs else "none", kind="number")


def printed(results: dict, paper: str, table: str) -> Table:
    """A paper's table as it prints it, once per protocol: ours, its interval, and the paper's value below."""
    found = cells_of(results, paper, table)
    metrics = list(dict.fromkeys((cell["class"], cell["metric"]) for cell in found))
    rows = [
        (
            cells.text(protocol_label(protocol)),
            cells.text(arm_label(results, paper, arm)),
            *(_printed_cell(found, protocol, arm, *metric) for metric in metrics),
        )
        for protocol in protocols_of(results, paper)
        for arm in dict.fromkeys(cell["arm"] for cell in found)
    ]
    return Table(
        name=printed_name(paper, table),
        title=f"{paper_label(results, paper)}, {table}: {results['papers'][paper]['tables'][table]}",
        caption="This run, its interval, and below it what the paper prints with the verdict. "
        f"{captions.table_note(paper, table)}{captions.all_evidence(results, paper)}",
        columns=(
            Column("protocol", "Protocol"),
            Column("arm", "Arm"),
            *(Column(slug(c, m).strip("-"), metric_label(m, c), True) for c, m in metrics),
        ),
        rows=tuple(rows),
        grouped=True,
        folded=True,
    )


def _printed_cell(found, protocol, arm, of_class, metric):
    wanted = (protocol, arm, of_class, metric)
    cell = next((c for c in found if (c["protocol"], c["arm"], c["class"], c["metric"]) == wanted), None)
    if cell is None:
        return Cell("no cell", kind="missing")
    theirs = "no value" if cell["published"] is None else formats.measured(cell["published"], metric)
    below = f"paper {theirs} {GLYPHS[cell['verdict']]}"
    return cells.estimate(cell["reproduced"], cell["low"], cell["high"], cell["reason"], (below,), metric)


def everything(results: dict, paper: str) -> Table | None:
    """Published, tested, and evaluated on all images with those of training; None where nothing was."""
    rows = [
        row
        for protocol in protocols_of(results, paper)
        for arm in results["papers"][paper]["arms"]
        for row in _everything_rows(results, paper, protocol, arm)
    ]
    if not rows:
        return None
    return Table(
        name=everything_name(paper),
        title=f"{paper_label(results, paper)}: evaluated on everything",
        caption="The same networks on the test part alone, and on all images with those that they were "
        "trained on. Where the paper prints a value, it stands first. "
        f"{captions.all_evidence(results, paper)}",
        columns=(
            *(Column(head.lower(), head) for head in ("Arm", "Protocol", "Metric")),
            Column("published", "Published", True),
            Column("test", "Test part", True),
            Column("everything", "Everything", True),
        ),
        rows=tuple(rows),
        grouped=True,
        folded=True,
    )


def _everything_rows(results, paper, protocol, arm):
    """One row for each metric that the paper prints for the arm; its headline ones where it prints none."""
    score = score_of(results, paper, protocol, arm)
    records = score.get("everything", ()) if score else ()
    mine = [c for c in cells_of(results, paper) if c["arm"] == arm and c["published"] is not None]
    published = {(c["metric"], c["class"]): c["published"] for c in mine}
    for record in records:
        place = record["metric"], record["class"]
        if place not in published and place != ("accuracy", ""):
            continue
        tested = metric_of(score, *place)
        yield (
            cells.text(arm_label(results, paper, arm)),
            cells.text(protocol_label(protocol)),
            cells.text(metric_label(*place)),
            cells.number(published.get(place), NOT_PUBLISHED, "not published"),
            *(
                cells.estimate(side["value"], side["low"], side["high"], side["note"])
                for side in (tested, record)
            ),
        )
