"""What the audit of the printed numbers found."""

from skinkd import cells, formats
from skinkd.cells import Column, Table
from skinkd.lookups import paper_label
from skinkd.plausibility.finding import VERDICTS


def plausibility(results: dict) -> Table:
    """Every finding: paper, place, claim, computation and verdict; of each paper the worst first."""
    found = results["plausibility"]
    meanings = "; ".join(f"{verdict}: {meaning}" for verdict, meaning in VERDICTS.items())
    return Table(
        name="plausibility",
        title="Plausibility of the printed numbers",
        caption=f"{formats.plural(len(found), 'check')} of what the papers print, computed from their "
        "numbers, the counts of the public archives and the networks built here; no result of this run "
        "enters. A printed number stands for all values that round or are cut off to it. "
        f"{meanings[0].upper()}{meanings[1:]}.",
        columns=(
            Column("paper", "Paper"),
            Column("place", "Place"),
            Column("claim", "Claim"),
            Column("computation", "Computation"),
            Column("verdict", "Verdict"),
        ),
        rows=tuple(
            (
                cells.text(paper_label(results, record["paper"])),
                *(cells.text(record[key]) for key in ("place", "claim", "computation", "verdict")),
            )
            for record in found
        ),
    )
