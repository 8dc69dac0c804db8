"""One record of the whole study: results.json, of which the report is a pure function."""

from skinkd.errors import InputError, examples
from skinkd.published import PublishedValue
from skinkd.verdicts import verdict


def summarize(
    *,
    study: dict,
    papers: dict,
    protocols: dict,
    published: list[PublishedValue],
    scores: list[dict],
    splits: list[dict],
    source: dict,
    training: list[dict],
    assumptions: list[dict],
    cost: list[dict],
    provenance: dict,
) -> dict:
    """Everything that the report shows.

    Args:
        study: name, title, scale (smoke, scaled or full) and statements.
        papers: for each paper of this study, in the order of the report, its label,
            citation, classes, tables and arms.
        protocols: one sentence for each protocol, in the order of the report.
        published: what the papers print; rows of other papers are left out.
        scores, splits: the records of all arms and splits.
        source: the manifest of the ingested archive.
        training: one history per run.
        assumptions, cost, provenance: as they are to be shown.

    Raises:
        InputError: where a published value names an arm, table or class that its paper does not have.
    """
    mine = [row for row in published if row.paper in papers]
    _check_known(mine, papers)
    return {
        "study": study,
        "papers": papers,
        "protocols": protocols,
        "cells": cells(study["scale"], list(papers), list(protocols), mine, scores),
        "scores": scores,
        "splits": splits,
        "data": {"source": source},
        "assumptions": assumptions,
        "cost": cost,
        "training": training,
        "provenance": provenance,
    }


def cells(
    scale: str, papers: list[str], protocols: list[str], published: list[PublishedValue], scores
) -> list[dict]:
    """Each published value beside ours under each protocol; then our overall values that no table prints."""
    by_arm = {(record["paper"], record["protocol"], record["arm"]): record for record in scores}
    found = []
    for paper in papers:
        printed = [row for row in published if row.paper == paper]
        found += [_cell(row, protocol, by_arm, scale) for row in printed for protocol in protocols]
        places = {(row.arm, row.metric) for row in printed if not row.of_class}
        unprinted = [record for record in scores if record["paper"] == paper]
        found += [cell for record in unprinted for cell in _unpublished(record, places)]
    return found


def _cell(row: PublishedValue, protocol: str, by_arm: dict, scale: str) -> dict:
    """One published value beside ours."""
    record = by_arm.get((row.paper, protocol, row.arm))
    own = _number(record, row.metric, row.of_class) if record else None
    if own is None:
        judged = "not run", f"this study has no run of {row.arm} under {protocol}"
    elif own["low"] is None:
        judged = "untestable", own["note"]
    else:
        judged = verdict(
            row.value,
            row.n,
            own["low"],
            own["high"],
            scale,
            confidence=record["confidence"],
            half_unit=row.half_unit,
        )
    word, reason = judged
    return {
        **_place(row.paper, row.table, protocol, row.arm, row.of_class, row.metric),
        "published": row.value,
        **_ours(own),
        "n_seeds": record["n_seeds"] if record else 0,
        "verdict": word,
        "reason": f"{reason}; {row.note}" if row.note else reason,
    }


def _unpublished(record: dict, places: set) -> list[dict]:
    """Cells outside every table: overall values of one arm that its paper does not print."""
    word, reason = verdict(None, None, 0.0, 0.0, "full")
    return [
        {
            **_place(record["paper"], "", record["protocol"], record["arm"], "", own["metric"]),
            "published": None,
            **_ours(own),
            "n_seeds": record["n_seeds"],
            "verdict": word,
            "reason": reason,
        }
        for own in record["metrics"]
        if not own["class"] and (record["arm"], own["metric"]) not in places
    ]


def _place(paper, table, protocol, arm, of_class, metric) -> dict:
    return {
        "paper": paper,
        "table": table,
        "protocol": protocol,
        "arm": arm,
        "class": of_class,
        "metric": metric,
    }


def _ours(own: dict | None) -> dict:
    own = own or {"value": None, "low": None, "high": None}
    return {"reproduced": own["value"], "low": own["low"], "high": own["high"]}


def _number(record: dict, metric: str, of_class: str) -> dict:
    return next(own for own in record["metrics"] if (own["metric"], own["class"]) == (metric, of_class))


def _check_known(published: list[PublishedValue], papers: dict) -> None:
    problems = []
    for row in published:
        paper = papers[row.paper]
        for kind, name, known in (
            ("table", row.table, paper["tables"]),
            ("arm", row.arm, paper["arms"]),
            ("class", row.of_class, ["", *paper["classes"]]),
        ):
            if name not in known:
                problems.append(f"{row.paper} has no {kind} '{name}'")
    if problems:
        raise InputError(
            "published",
            f"the published values do not fit the papers: {examples(dict.fromkeys(problems))}",
            "They would stand beside nothing",
            "use the names of the paper's file in config/papers",
        )
