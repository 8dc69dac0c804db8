"""What made the numbers, the files that they come from, and what is missing."""

import json

from skinkd import cells, formats
from skinkd.cells import Column, Table
from skinkd.lookups import arm_label, paper_label, protocol_label

# A page can show the digests of so many runs.
MOST_FILES = 200


def provenance(results: dict) -> Table:
    """What made these numbers: code, settings, data, machine, versions."""
    made = results["provenance"]
    facts = {
        "Commit": _commit(made),
        "Uncommitted changes, sha256": _uncommitted(made["diff"]),
        "Code and settings, sha256": made["source_sha256"],
        "Requirements, sha256": made["lock_sha256"] or "no requirements.lock",
        "Configuration, sha256": made["config_sha256"],
        **{fact: value for source in results["data"]["sources"].values() for fact, value in _source(source)},
        "Hardware": _listed(made["hardware"]),
        "Computing": _listed(made["computing"]),
        "Threads": made["threads"],
        "Seeds": _listed(made["seeds"]),
        "Restarts": _restarts(made["runs"]),
        "Versions": ", ".join(f"{name} {version}" for name, version in sorted(made["versions"].items())),
        "Licences": "; ".join(map(_one_line, made["licences"])),
    }
    return Table(
        name="provenance",
        title="Provenance",
        caption="What made these numbers.",
        columns=(Column("fact", "Fact"), Column("value", "Value")),
        rows=tuple((cells.text(fact), cells.text(value)) for fact, value in facts.items()),
    )


def _listed(facts: dict) -> str:
    """Facts by name, in one line."""
    return "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in facts.items())


def _source(source):
    """What identifies one archive."""
    name = source["source"]
    yield f"Data: {name}", f"{formats.plural(source['n_images'], 'image')}, {source['size_px']} px"
    yield f"Licence of {name}", source["licence"]
    for key, value in source.items():
        if key.endswith("_sha256"):
            yield f"{key.removesuffix('_sha256').replace('_', ' ').capitalize()} of {name}, sha256", value


def _one_line(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _commit(made: dict) -> str:
    """The commit and whether the code was that of the commit."""
    if made["commit"] == "unknown":
        return "unknown (not under git)"
    return f"{made['commit']} ({'with uncommitted changes' if made['dirty'] else 'clean'})"


def _uncommitted(diff: dict) -> str:
    """The digest of what is not committed, and how many files git does not know."""
    digest = diff["sha256"] if diff["stat"] else "none"
    unknown = formats.plural(len(diff["untracked"]), "file")
    return f"{digest}; {unknown} unknown to git" if diff["untracked"] else digest


def _restarts(runs: list[dict]) -> str:
    """How often trainings were stopped and went on."""
    known = [run["restarts"] for run in runs if run["restarts"] is not None]
    if not known:
        return "not recorded"
    resumed = sum(restarts > 0 for restarts in known)
    return f"{formats.plural(resumed, 'run')} of {len(runs)} went on after a stop, {sum(known)} times in all"


def files(results: dict) -> Table:
    """The digests of what each run's numbers come from."""
    runs = results["provenance"]["runs"]
    heads = ("Paper", "Protocol", "Arm", "Fold", "Seed", "Restarts", "Predictions", "Weights", "Split")
    return Table(
        name="files",
        title="Files behind the numbers",
        caption="The sha256 of each run's predictions, from which its scores are computed, of the weights "
        "that made them and of the split. provenance.json has their paths, and the networks' files.",
        columns=tuple(Column(head.lower(), head) for head in heads),
        rows=tuple(tuple(map(cells.text, _file_row(results, run))) for run in runs),
        folded=True,
        filed=len(runs) > MOST_FILES,
    )


def _file_row(results: dict, run: dict):
    yield paper_label(results, run["paper"])
    yield protocol_label(run["protocol"])
    yield arm_label(results, run["paper"], run["arm"])
    yield from (run["fold"], run["seed"])
    yield "not recorded" if run["restarts"] is None else run["restarts"]
    yield run["files"]["predictions"]["sha256"]
    yield run["weights_sha256"] or "not recorded"
    yield run["files"]["split"]["sha256"]


def missing(results: dict) -> Table:
    """The arms of the study that did not end, and why."""
    return Table(
        name="missing",
        title="Arms that did not end",
        caption="With the last words of the job that failed, and its log.",
        columns=tuple(Column(head.lower(), head) for head in ("Paper", "Protocol", "Arm", "Why")),
        rows=tuple(
            (
                cells.text(paper_label(results, record["paper"])),
                cells.text(protocol_label(record["protocol"])),
                cells.text(arm_label(results, record["paper"], record["arm"])),
                cells.text(record["reason"]),
            )
            for record in results["missing"]
        ),
    )
