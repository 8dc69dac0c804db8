"""What each arm is, what its network costs, and what the terms of its loss do."""

from statistics import fmean

from skinkd import cells, formats
from skinkd.cells import Cell, Column, Table, slug
from skinkd.lookups import ROLES, arm_label, metric_label, paper_label, protocol_label, protocols_of
from skinkd.selections import teachers_of
from skinkd.terms import INERT_SHARE, terms_of

FACTS = {
    "trainable_parameters": "parameters",
    "gmacs": "macs",
    "model_size_mb": "size_mb",
    "training_runtime_s": "training_runtime_s",
    "prediction_runtime_s": "prediction_runtime_s",
    "inference_step_ms": "inference_step_ms",
}
INERT = formats.level(INERT_SHARE)


def arms(results: dict, paper: str) -> Table:
    """What each arm is: network, loss, teacher, size."""
    about = results["papers"][paper]
    heads = ("Arm", "Role", "Network", "Loss", "Teacher")
    return Table(
        name=slug(paper, "arms"),
        title=f"{about['label']}: arms",
        caption=f"{about['reproduces']}.",
        columns=(*(Column(head.lower(), head) for head in heads), Column("parameters", "Parameters", True)),
        rows=tuple(
            (
                *map(cells.text, (arm["label"], _role(arm), arm["network"], arm["loss"])),
                cells.text(", ".join(arm_label(results, paper, t) for t in teachers_of(arm)) or "none"),
                _parameters(arm),
            )
            for arm in about["arms"].values()
        ),
        folded=True,
    )


def _role(arm):
    return f"Control: {arm['control']} teacher" if arm["control"] else ROLES[arm["role"]]


def _parameters(arm: dict):
    """How many numbers training may change; known once a network was built."""
    if arm["parameters"] is None:
        return cells.missing("no network of the arm was trained")
    return cells.count(arm["parameters"])


def facts(results: dict, paper: str) -> Table:
    """Size, arithmetic and time of each arm's network: means over runs, with the hardware."""
    rows = [
        row
        for arm in results["papers"][paper]["arms"]
        for protocol in protocols_of(results, paper)
        for row in _fact_rows(results, paper, protocol, arm)
    ]
    return Table(
        name=slug(paper, "networks"),
        title=f"{paper_label(results, paper)}: networks, sizes and times",
        caption="Multiply-accumulates are those of one picture, in 10⁹; what papers call GFLOPs mostly "
        "counts these. Size is that of the parameters in single precision. Times are means over runs on the "
        "hardware named, for the images named; they compare with a paper's only on the same machine.",
        columns=(
            Column("arm", "Arm"),
            Column("protocol", "Protocol"),
            *(Column(metric, metric_label(metric), True) for metric in FACTS),
            Column("images", "Images predicted", True),
            Column("diverged", "Diverged in epoch", True),
            Column("hardware", "Hardware"),
        ),
        rows=tuple(rows),
        grouped=True,
        folded=True,
    )


def _fact_rows(results, paper, protocol, arm):
    wanted = (paper, protocol, arm)
    runs = [n for n in results["networks"] if (n["paper"], n["protocol"], n["arm"]) == wanted]
    if not runs:
        return
    means = {metric: _mean([run[key] for run in runs]) for metric, key in FACTS.items()}
    if means["gmacs"] is not None:
        means["gmacs"] /= 1e9
    yield (
        cells.text(arm_label(results, paper, arm)),
        cells.text(protocol_label(protocol)),
        *(cells.number(value, "not measured", "none", metric) for metric, value in means.items()),
        cells.count(runs[0]["prediction_images"]),
        _diverged(runs),
        cells.text("; ".join(dict.fromkeys(map(hardware_of, runs)))),
    )


def _diverged(runs):
    """The earliest epoch in which a run left the finite numbers."""
    epochs = [run["diverged_epoch"] for run in runs if run["diverged_epoch"]]
    return cells.count(min(epochs)) if epochs else cells.text("no")


def _mean(values):
    return None if None in values else fmean(values)


def hardware_of(run: dict) -> str:
    """The machine of one run in words: its accelerator, or else its processor, and the precision."""
    machine = run["hardware"]
    used = machine["accelerator"] if machine["accelerator"] != "none" else machine["cpu"]
    return f"{used}, {run['precision']}"


def terms(results: dict, paper: str) -> Table:
    """What each term of each loss adds, and its share of the gradient."""
    return _terms_table(
        results,
        terms_of(results, paper),
        name=slug(paper, "terms"),
        title=f"{paper_label(results, paper)}: terms of the losses",
        caption="Weighted value, in the unit of the loss, and share of the sum of the terms' gradient norms: "
        f"means over epochs and runs. A term below {INERT} of the gradient is inert: it trains nothing.",
    )


def inert(results: dict) -> Table:
    """The terms of all papers that carry next to no gradient."""
    known = [term for paper in results["papers"] for term in terms_of(results, paper)]
    found = [term for term in known if term.inert]
    return _terms_table(
        results,
        found,
        name="inert",
        title="Inert terms",
        caption=f"{len(found)} of {formats.plural(len(known), 'term')} of losses with several terms carry "
        f"less than {INERT} of the gradient, mean over epochs and runs: the arm trains as if without them.",
    )


def _terms_table(results, found, **table):
    return Table(
        **table,
        columns=(
            *(Column(head.lower(), head) for head in ("Paper", "Protocol", "Arm", "Term")),
            Column("weight", "Weight", True),
            Column("value", "Value", True),
            Column("share", "Of the gradient", True),
            Column("inert", "Inert"),
        ),
        rows=tuple(
            (
                cells.text(paper_label(results, term.paper)),
                cells.text(protocol_label(term.protocol)),
                cells.text(arm_label(results, term.paper, term.arm)),
                cells.text(term.name.replace("_", " ")),
                Cell(formats.scientific(term.weight), value=term.weight, kind="number"),
                Cell(formats.scientific(term.value), value=term.value, kind="number"),
                cells.share(term.share),
                cells.text("▼ inert" if term.inert else "no"),
            )
            for term in found
        ),
        folded=True,
    )


def corrected(record: dict) -> Table:
    """What a distilled student gets right that the student alone got wrong, and the other way round.

    Args:
        record: of a grad_cam figure, see `results["pictures"]`.
    """
    names = [*record["arms"].values()]
    student, distilled = (
        next(a["label"] for a in names if a["role"] == role) for role in ("student", "distilled")
    )
    pairs = [
        (true, wrong)
        for true in record["classes"]
        for wrong in record["classes"]
        if true != wrong and record["corrected"][true][wrong] + record["spoiled"][true][wrong]
    ]
    return Table(
        name=slug(record["paper"], record["protocol"], record["figure"], "corrected"),
        title=f"{record['title']}: corrected and spoiled, {protocol_label(record['protocol']).lower()}",
        caption=f"Corrected: test images that {student} calls something else and {distilled} gets right, "
        f"{formats.count(record['corrected_total'])} in all. Spoiled: the other way round, "
        f"{formats.count(record['spoiled_total'])} in all. Pairs without either are left out.",
        columns=(
            *(Column(head.lower(), head) for head in ("True", "Taken for")),
            *(Column(head.lower(), head, True) for head in ("Corrected", "Spoiled")),
        ),
        rows=tuple(
            (
                *map(cells.text, pair),
                *(cells.count(record[key][pair[0]][pair[1]]) for key in ("corrected", "spoiled")),
            )
            for pair in pairs
        ),
        folded=True,
    )
