"""The test part by sex, age, site and source."""

from dataclasses import replace

from skinkd import captions, cells
from skinkd.cells import Cell, Column, Table, slug
from skinkd.lookups import arm_label, paper_label, protocol_label, protocols_of, score_of, scores_of
from skinkd.tables.calibrated import NOT_RECORDED
from skinkd.validated_choice import RULE, validated_arms

METRICS = {"accuracy": "Accuracy", "balanced_accuracy": "Balanced accuracy", "recall": "Recall of {}"}
KINDS = {"sex": "Sex", "age": "Age, years", "site": "Site", "source": "Source"}


def subgroups(results: dict, paper: str) -> Table:
    """Each group's images and scores, for the arms of `RULE`."""
    arms = {protocol: validated_arms(results, paper, protocol) for protocol in protocols_of(results, paper)}
    return _table(results, paper, arms, slug(paper, "subgroups"), f" Shown: {RULE}; all others in the files.")


def all_subgroups(results: dict, paper: str) -> Table:
    """The same for all arms, for programs."""
    arms = {protocol: list(scores_of(results, paper, protocol)) for protocol in protocols_of(results, paper)}
    made = _table(results, paper, arms, slug(paper, "subgroups", "all"), "")
    return replace(made, title=f"{made.title}, all arms", folded=False, filed=True)


def _table(results, paper, arms, name, more) -> Table:
    rows = [
        (
            cells.text(f"{protocol_label(protocol)}, {arm_label(results, paper, arm)}"),
            *row,
        )
        for protocol in protocols_of(results, paper)
        for arm in arms[protocol]
        for row in _rows(score_of(results, paper, protocol, arm).get("subgroups"))
    ]
    records = [score.get("subgroups") for score in results["scores"] if score["paper"] == paper]
    known = next((record for record in records if record), None)
    return Table(
        name=name,
        title=f"{paper_label(results, paper)}: subgroups of the test part",
        caption=f"{_rule(known)}The mix of classes differs between groups: a difference is not yet "
        f"unfairness.{more} {captions.all_evidence(results, paper)}",
        columns=(
            Column("arm", "Protocol, arm"),
            *(Column(key, head) for key, head in (("by", "By"), ("group", "Group"))),
            *(Column(key, key.capitalize(), True) for key in ("images", "lesions", "classes")),
            *(
                Column(metric, head.format((known and known["class"]) or "melanoma"), True)
                for metric, head in METRICS.items()
            ),
        ),
        rows=tuple(rows),
        grouped=True,
        folded=True,
    )


def _rule(record: dict | None) -> str:
    if record is None:
        return ""
    return (
        f"Groups of fewer than {record['fewest_images']} images are counted, not shown; a recall needs "
        f"{record['fewest_of_class']} images of its class, balanced accuracy an image of every class. Around "
        "a share of none or all stands Wilson's interval over lesions. "
    )


def _rows(record: dict | None) -> list[tuple[Cell, ...]]:
    if record is None or record["reason"]:
        why = record["reason"] if record else NOT_RECORDED
        return [(cells.text("any"), cells.text("any"), *[cells.missing(why, "not recorded")] * 6)]
    return [
        (
            cells.text(KINDS[group["by"]]),
            cells.text(group["group"]),
            *(cells.count(group[key]) for key in ("images", "lesions")),
            cells.count(len(group["classes"])),
            *(_number(group[metric]) for metric in METRICS),
        )
        for group in record["groups"]
    ]


def _number(own: dict) -> Cell:
    if own["value"] is None:
        return cells.missing(own["reason"], "not shown")
    return cells.estimate(own["value"], own["low"], own["high"])
