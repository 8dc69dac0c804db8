"""The tables of the report: pure functions from results.json to cells, in the order they are read."""

from skinkd.cells import Table
from skinkd.lookups import cells_of, protocols_of
from skinkd.tables import (
    audit,
    calibrated,
    claimed,
    compared,
    comparisons,
    deviations,
    energy,
    leaks,
    networks,
    operating,
    origins,
    plausibility,
    published,
    scored,
    subgroups,
)


def all_tables(results: dict) -> dict[str, Table]:
    """Every table of the report by name, in the order of the report.

    Raises:
        ValueError: if two tables would share a file.
    """
    made = [table for table in (claimed.claims(results), claimed.checks(results)) if table]
    made += [published.general(results)]
    for paper in results["papers"]:
        made += [table for table in _tables_of(results, paper) if table]
    made += [
        make(results)
        for make in (
            compared.study_protocols,
            plausibility.plausibility,
            networks.inert,
            published.every_cell,
            deviations.deviations,
            audit.assumptions,
            audit.cost,
            origins.provenance,
            origins.files,
        )
    ]
    made += [table for table in (claimed.fidelity(results), energy.energy(results)) if table]
    made += claimed.checklists(results)
    made += [origins.missing(results)] if results["missing"] else []
    by_name = {table.name: table for table in made}
    if len(by_name) < len(made):
        raise ValueError(f"two tables share a name among {[table.name for table in made]}")
    return by_name


def _tables_of(results, paper):
    """The tables of one paper; None where a paper has nothing for one."""
    yield scored.summary(results, paper)
    yield networks.arms(results, paper)
    for table in results["papers"][paper]["tables"]:
        if cells_of(results, paper, table):
            yield published.printed(results, paper, table)
    yield published.everything(results, paper)
    for make in (compared.protocols, compared.controlled, compared.newer):
        yield make(results, paper)
    for make in (comparisons.comparisons, comparisons.secondary, comparisons.areas):
        yield make(results, paper)
    for make in (scored.scores, scored.differences, scored.recalls):
        yield make(results, paper)
    for protocol in protocols_of(results, paper):
        yield scored.classes(results, paper, protocol)
    for make in (calibrated.calibration, operating.operating, operating.thresholds, operating.all_thresholds):
        yield make(results, paper)
    for make in (subgroups.subgroups, subgroups.all_subgroups):
        yield make(results, paper)
    for make in (networks.facts, networks.terms, audit.data, audit.leakage, leaks.links, leaks.injection):
        yield make(results, paper)
    for record in results["pictures"].values():
        if record["paper"] == paper and record["name"] == "grad_cam":
            yield networks.corrected(record)
