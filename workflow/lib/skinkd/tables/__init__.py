"""The tables of the report: pure functions from results.json to cells, in the order they are read."""

from skinkd.cells import Table
from skinkd.tables import audit, published, scored


def all_tables(results: dict) -> dict[str, Table]:
    """Every table of the report by name, in the order of the report.

    Raises:
        ValueError: if two tables would share a file.
    """
    made = [published.general(results)]
    for paper, about in results["papers"].items():
        made += [scored.summary(results, paper), scored.arms(results, paper)]
        made += [published.printed(results, paper, table) for table in about["tables"]]
        made += [scored.classes(results, paper, protocol) for protocol in results["protocols"]]
        made += [
            make(results, paper) for make in (scored.scores, scored.differences, audit.data, audit.leakage)
        ]
    made += [
        make(results)
        for make in (scored.protocols, published.every_cell, audit.assumptions, audit.cost, audit.provenance)
    ]
    by_name = {table.name: table for table in made}
    if len(by_name) < len(made):
        raise ValueError(f"two tables share a name among {[table.name for table in made]}")
    return by_name
