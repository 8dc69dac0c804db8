"""One record of the whole study: results.json, of which the report is a pure function."""

from collections.abc import Sequence

from skinkd.checklists import Checklist, answered
from skinkd.comparisons.family import comparisons
from skinkd.errors import InputError, examples
from skinkd.facts import fact
from skinkd.panel import run_checks
from skinkd.published import PublishedValue
from skinkd.quantities import METRICS, QUANTITIES
from skinkd.trials.claims import claims
from skinkd.verdicts import verdict, verdict_of_exact

NOT_RUN = "not run", "this study does not run the arm under this protocol"


def summarize(
    *,
    study: dict,
    papers: dict,
    protocols: dict,
    published: list[PublishedValue],
    scores: list[dict],
    splits: list[dict],
    audits: dict,
    sources: dict,
    networks: list[dict],
    training: list[dict],
    pictures: dict,
    assumptions: list[dict],
    cost: list[dict],
    provenance: dict,
    plausibility: Sequence[dict] = (),
    missing: Sequence[dict] = (),
    trials: dict | None = None,
    contrasts: dict | None = None,
    checklists: Sequence[Checklist] = (),
    energy: Sequence[dict] = (),
    deviations: Sequence[dict] = (),
) -> dict:
    """Everything that the report shows.

    Args:
        study: name, title, scale (smoke, scaled or full) and statements.
        papers: for each paper of this study, in the order of the report, its label,
            citation, classes, protocols, tables, figures and arms.
        protocols: one sentence for each protocol, in the order of the report.
        published: what the papers print; rows of other papers are left out.
        scores, splits: the records of all arms and splits.
        audits: by paper, what joins its test images to its training images.
        sources: the manifest of each ingested archive, by its name.
        networks: what is known of each trained network.
        training: one history per run.
        pictures: the record of each figure made of photographs, by the name of its file.
        assumptions, cost, provenance: as they are to be shown.
        plausibility: what the audit of the printed numbers found, from `skinkd.plausibility.auditing`.
        missing: arms of the study that did not end, as `skinkd.ended.missing_cells` gives them.
        trials: by paper, what it claims and how that is tested, from `skinkd.trials.declared`.
        contrasts: what the rule contrast found.
        checklists: of the field, from `skinkd.checklists`.
        energy: of each arm, estimated, from `skinkd.energy`.
        deviations: from the papers, from `skinkd.deviations`.

    Raises:
        InputError: where a published value names an arm, table or class that its paper does not have.
    """
    mine = [row for row in published if row.paper in papers]
    _check_known(mine, papers)
    contrasts = contrasts or {"differences": [], "fidelity": []}
    measured = {"scores": scores, "networks": networks, "contrasts": contrasts, "missing": list(missing)}
    results = {
        "study": study,
        "papers": papers,
        "protocols": protocols,
        "quantities": {
            name: {"label": quantity.label, "meaning": quantity.meaning, "unit": quantity.unit}
            for name, quantity in QUANTITIES.items()
        },
        "cells": cells(study["scale"], papers, mine, scores, networks, missing),
        "plausibility": list(plausibility),
        "claims": claims(trials or {}, papers, study["scale"], **measured),
        "fidelity": contrasts["fidelity"],
        "missing": list(missing),
        "scores": scores,
        "comparisons": comparisons(papers, scores, missing),
        "splits": splits,
        "audits": audits,
        "data": {"sources": sources},
        "networks": networks,
        "assumptions": assumptions,
        "deviations": list(deviations),
        "cost": cost,
        "energy": list(energy),
        "training": training,
        "pictures": pictures,
        "provenance": provenance,
    }
    lists = [answered(checklist, results) for checklist in checklists]
    return results | {"checks": run_checks(results), "checklists": lists}


def cells(
    scale: str,
    papers: dict,
    published: list[PublishedValue],
    scores: list[dict],
    networks: list[dict],
    missing: Sequence[dict] = (),
) -> list[dict]:
    """Each published value beside ours under each protocol of its paper; then ours that no table prints."""
    score_of = {_run_of(record): record for record in scores}
    reasons = {_run_of(record): record["reason"] for record in missing}
    found = []
    for name, paper in papers.items():
        printed = [row for row in published if row.paper == name]
        for row in printed:
            for protocol in paper["protocols"]:
                run = (name, protocol, row.arm)
                own_networks = [network for network in networks if _run_of(network) == run]
                cell = _cell(row, protocol, paper, score_of.get(run), own_networks, scale)
                if cell["verdict"] == NOT_RUN[0] and run in reasons:
                    cell["reason"] = reasons[run]
                found.append(cell)
        places = {(row.arm, row.metric) for row in printed if not row.of_class}
        found += [
            cell for record in scores if record["paper"] == name for cell in _unpublished(record, places)
        ]
    return found


def _run_of(record: dict) -> tuple[str, str, str]:
    return record["paper"], record["protocol"], record["arm"]


def _cell(row: PublishedValue, protocol: str, paper: dict, score, networks: list[dict], scale: str) -> dict:
    """One published value beside ours."""
    if row.metric in METRICS:
        own = _number(score["metrics"], row) if score else None
    else:
        known = {"terms": paper["arms"][row.arm]["losses"].get(protocol, []), "classes": paper["classes"]}
        own = fact(row.metric, row.of_class, score=score, networks=networks, **known)
    seeds = score["n_seeds"] if score else len({network["seed"] for network in networks})
    cell = _place(row.paper, row.table, protocol, row.arm, row.of_class, row.metric) | {
        "published": row.value,
        **_ours(own),
        "n_seeds": seeds,
        **_judged(row, own, score, scale, diverged(networks)),
    }
    everything = _number(score["everything"], row) if score else None
    if everything:
        cell["everything"] = _ours(everything) | _judged(row, everything, score, scale, diverged(networks))
    return cell


def diverged(networks: list[dict]) -> str:
    """What a reader must know of an arm whose training left the finite numbers; empty for others."""
    return "; ".join(
        f"training diverged in epoch {network['diverged_epoch']} (seed {network['seed']}): "
        f"these are the weights of epoch {network['best_epoch']}"
        for network in networks
        if network["diverged_epoch"]
    )


def _judged(row: PublishedValue, own: dict | None, score: dict | None, scale: str, broken: str) -> dict:
    """Verdict and reason, with what a reader must know of the published value."""
    if row.value is None:
        return {"verdict": "not published", "reason": row.note}
    word, reason = _verdict(row, own, score, scale)
    if broken and row.metric in METRICS:
        word, reason = "untestable", broken
    return {"verdict": word, "reason": f"{reason}; {row.note}" if row.note else reason}


def _verdict(row: PublishedValue, own: dict | None, score: dict | None, scale: str) -> tuple[str, str]:
    if own is None:
        return NOT_RUN
    # A score may have a note and a verdict; a fact's note says why it has none.
    if own["low"] is None if row.metric in METRICS else own["note"]:
        return "untestable", own["note"]
    if own["low"] is None:
        return verdict_of_exact(row.least, row.most, own["value"], scale)
    interval = own["low"], own["high"], scale
    printed = {"least": row.least, "most": row.most, "confidence": score["confidence"]}
    return verdict(row.value, row.n, *interval, **printed)


def _unpublished(record: dict, places: set) -> list[dict]:
    """Cells outside every table: overall values of one arm that its paper does not print."""
    return [
        {
            **_place(record["paper"], "", record["protocol"], record["arm"], "", own["metric"]),
            "published": None,
            **_ours(own),
            "n_seeds": record["n_seeds"],
            "verdict": "not published",
            "reason": "the paper prints no value",
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


def _number(records: list[dict], row: PublishedValue) -> dict | None:
    """The record of the row's metric and class, or None where there is none."""
    wanted = (row.metric, row.of_class)
    return next((own for own in records if (own["metric"], own["class"]) == wanted), None)


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
