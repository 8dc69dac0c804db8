"""What this study does otherwise than the papers."""

from skinkd import cells, formats
from skinkd.cells import Column, Table
from skinkd.deviations import STUDY
from skinkd.lookups import paper_label, protocol_label


def deviations(results: dict) -> Table:
    """Each deviation: where it is made, what it is, why, and what it should do to the scores."""
    found = results["deviations"]
    changes = sum(record["n"] for record in found)
    return Table(
        name="deviations",
        title="Deviations from the papers",
        caption=f"{formats.plural(changes, 'change')} of settings, each read from the configuration, with "
        "the reason and the expected effect that config/report/deviations.yaml states. What the papers "
        "leave open is no deviation: it stands under Assumptions.",
        columns=(
            *(Column("paper", "Paper"), Column("under", "Where"), Column("what", "What")),
            *(Column("why", "Why"), Column("effect", "Expected effect")),
        ),
        rows=tuple(
            (
                cells.text(paper_label(results, record["paper"])),
                cells.text("This study" if record["under"] == STUDY else protocol_label(record["under"])),
                *(cells.text(record[key]) for key in ("what", "why", "effect")),
            )
            for record in found
        ),
        grouped=True,
        folded=True,
    )
