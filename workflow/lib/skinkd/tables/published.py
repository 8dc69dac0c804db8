"""Published beside reproduced: the general table, and each paper's own as it prints it."""

from skinkd import captions, cells, formats
from skinkd.cells import Cell, Column, Table, slug
from skinkd.lookups import GLYPHS, arm_label, cells_of, metric_label, paper_label, protocol_label

NOT_PUBLISHED = "the paper prints no value"


def printed_name(paper: str, table: str) -> str:
    """The name of the table that stands for a paper's own."""
    return slug(paper, "as-printed", table)


def general(results: dict) -> Table:
    """Published beside reproduced, for every published number that is not about one class."""
    printed_cells = [cell for cell in results["cells"] if cell["table"]]
    shown = [cell for cell in printed_cells if not cell["class"]]
    more = len(printed_cells) - len(shown)
    elsewhere = (
        f" {formats.plural(more, 'number')} about single classes: in the tables below." if more else ""
    )
    return Table(
        name="general",
        title="Published beside reproduced",
        caption=f"Δ is reproduced minus published, in percentage points.{elsewhere} "
        + captions.study_evidence(results),
        columns=_cell_columns(),
        rows=tuple(_cell_row(results, cell) for cell in shown),
    )


def every_cell(results: dict) -> Table:
    """All published numbers, those about single classes too, and our own that no table prints."""
    return Table(
        name="cells",
        title="Every number of every paper",
        caption="With the numbers of this run that no paper prints. " + captions.study_evidence(results),
        columns=_cell_columns(),
        rows=tuple(_cell_row(results, cell) for cell in results["cells"]),
        folded=True,
    )


def _cell_columns():
    words = [(head.lower(), head, False) for head in ("Paper", "Table", "Protocol", "Arm", "Metric")]
    numbers = [
        ("published", "Published", True),
        ("reproduced", "Reproduced", True),
        ("interval", "Interval", True),
        ("delta", "Δ, pp", True),
        ("seeds", "Seeds", True),
    ]
    return tuple(Column(*column) for column in [*words, *numbers, ("verdict", "Verdict", False)])


def _cell_row(results, cell):
    paper, ran = cell["paper"], cell["reproduced"] is not None
    return (
        cells.text(paper_label(results, paper)),
        cells.text(cell["table"] or "none"),
        cells.text(protocol_label(cell["protocol"])),
        cells.text(arm_label(results, paper, cell["arm"])),
        cells.text(metric_label(cell["metric"], cell["class"])),
        cells.number(cell["published"], NOT_PUBLISHED, "not published"),
        cells.number(cell["reproduced"], cell["reason"]),
        cells.interval(cell["low"], cell["high"]) if ran else cells.missing(cell["reason"]),
        cells.points(_delta(cell), cell["reason"] if not ran else NOT_PUBLISHED),
        cells.count(cell["n_seeds"]),
        Cell(f"{GLYPHS[cell['verdict']]} {cell['verdict']}", why=cell["reason"], kind="verdict"),
    )


def _delta(cell):
    if None in (cell["published"], cell["reproduced"]):
        return None
    return cell["reproduced"] - cell["published"]


def printed(results: dict, paper: str, table: str) -> Table:
    """A paper's table as it prints it, with one row of ours per protocol under each printed row."""
    found = cells_of(results, paper, table)
    metrics = list(dict.fromkeys((cell["class"], cell["metric"]) for cell in found))
    arms_ = list(dict.fromkeys(cell["arm"] for cell in found))
    rows = []
    for arm in arms_:
        mine = {(c["protocol"], c["class"], c["metric"]): c for c in found if c["arm"] == arm}
        rows.append(_printed_row(results, paper, arm, "Paper", [_published(mine, m) for m in metrics]))
        for protocol in results["protocols"]:
            values = [_reproduced(mine.get((protocol, *m))) for m in metrics]
            rows.append(_printed_row(results, paper, arm, f"Run, {protocol_label(protocol).lower()}", values))
    return Table(
        name=printed_name(paper, table),
        title=f"{paper_label(results, paper)}, {table}: {results['papers'][paper]['tables'][table]}",
        caption="As printed, with this run below each row: value, interval, and its distance from the paper. "
        f"{captions.all_evidence(results, paper)}",
        columns=(
            Column("arm", "Arm"),
            Column("source", "Source"),
            *(Column(slug(c, m).strip("-"), metric_label(m, c), True) for c, m in metrics),
        ),
        rows=tuple(rows),
        grouped=True,
    )


def _printed_row(results, paper, arm, source, values):
    return (cells.text(arm_label(results, paper, arm)), cells.text(source), *values)


def _published(mine, metric):
    cell = next((cell for (_, *of), cell in mine.items() if tuple(of) == metric), None)
    return cells.number(cell["published"] if cell else None, NOT_PUBLISHED, "not published")


def _reproduced(cell):
    if cell is None:
        return cells.missing("the paper's table has no such cell", "no cell")
    delta = _delta(cell)
    more = () if delta is None else (formats.points(delta),)
    return cells.estimate(cell["reproduced"], cell["low"], cell["high"], cell["reason"], more)
