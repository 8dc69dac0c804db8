"""What was and was not shown: the papers' claims, the checks, and how far students agree with teachers."""

from skinkd import captions, cells, formats
from skinkd.cells import Cell, Column, Table, slug
from skinkd.lookups import arm_label, metric_of, paper_label, protocol_label, score_of
from skinkd.panel import OUTCOMES
from skinkd.trials import judging


def claims(results: dict) -> Table | None:
    """Each claim of the papers: where it stands, how it is tested, what is shown; None without any."""
    found = results["claims"]
    if not found:
        return None
    known = [p for p in results["protocols"] if any(u["protocol"] == p for c in found for u in c["under"])]
    return Table(
        name="claims",
        title="What the papers claim",
        caption=f"{formats.plural(len(found), 'claim')}. Of the comparisons that a claim makes, the weakest "
        "is shown: a difference in percentage points, a ratio or a value, with its interval. The verdict is "
        f"that under the paper's own protocol. {judging.RULE} {captions.study_evidence(results)}",
        columns=(
            Column("paper", "Paper"),
            Column("claim", "Claim"),
            Column("verdict", "Verdict"),
            *(Column(protocol, protocol_label(protocol), True) for protocol in known),
            Column("tested", "Test"),
            Column("place", "Place"),
        ),
        rows=tuple(_claim_row(results, claim, known) for claim in found),
        grouped=True,
    )


def _claim_row(results: dict, claim: dict, known: list[str]) -> tuple[Cell, ...]:
    under = {one["protocol"]: one for one in claim["under"]}
    return (
        cells.text(paper_label(results, claim["paper"])),
        cells.text(claim["claim"]),
        Cell(
            f"{judging.VERDICTS[claim['verdict']]} {claim['verdict']}",
            why=claim["reason"],
            kind="verdict",
        ),
        *(_under_cell(under.get(protocol)) for protocol in known),
        *(cells.text(claim[key]) for key in ("tested", "place")),
    )


def _under_cell(judged: dict | None) -> Cell:
    """The number that stands for a claim under one protocol, and which way it points."""
    if judged is None:
        return cells.missing("the paper is not run under this protocol", "no protocol")
    if judged["value"] is None:
        return cells.missing(judged["reason"], "no number")
    glyph = judging.VERDICTS[judged["verdict"]]
    told = f"{glyph} {judged['verdict']}" if judged["verdict"] != "untestable" else judged["points"]
    return Cell(
        judging.shown_number(judged),
        (*_interval(judged), told),
        judged["value"],
        judged["low"],
        judged["high"],
        kind="number",
    )


def _interval(judged: dict) -> tuple[str, ...]:
    if judged["low"] is None:
        return ()
    if judged["unit"] == "difference":
        return (formats.points_interval(judged["low"], judged["high"]),)
    return (formats.interval(judged["low"], judged["high"], judged["of"]["metric"]),)


def checks(results: dict) -> Table:
    """What results.json proves of itself."""
    found = results["checks"]
    counts = {outcome: sum(check["outcome"] == outcome for check in found) for outcome in OUTCOMES}
    return Table(
        name="checks",
        title="Checks",
        caption=f"{formats.plural(len(found), 'check')}, computed from results.json alone: "
        f"{counts['pass']} pass, {counts['warn']} warn, {counts['fail']} fail. Leaks as published and as "
        "coded are the papers' own, and warn; the same leak under the leak-free protocol fails.",
        columns=(Column("checked", "Checked"), Column("outcome", "Outcome"), Column("found", "Found")),
        rows=tuple(
            (
                cells.text(check["checked"]),
                Cell(OUTCOMES[check["outcome"]], kind="verdict"),
                cells.text(check["found"]),
            )
            for check in found
        ),
    )


def checklists(results: dict) -> list[Table]:
    """A table for each checklist of the field."""
    return [_checklist(results, about) for about in results["checklists"]]


def _checklist(results: dict, about: dict) -> Table:
    items = about["items"]
    answers = ("yes", "partly", "no", "not applicable")
    counts = {answer: sum(item["answer"] == answer for item in items) for answer in answers}
    words = ", ".join(f"{n} {answer}" for answer, n in counts.items() if n)
    return Table(
        name=slug("checklist", about["name"]),
        title=about["title"],
        caption=f"{formats.plural(len(items), 'item')}: {words}. {about['source']}. Items are in our words. "
        "Answers are computed from results.json, or declared in report/checklists.",
        columns=(
            *(Column("number", "Item"), Column("item", "Asked"), Column("answer", "Answer")),
            *(Column("where", "Where, or why"), Column("by", "Answered by")),
        ),
        rows=tuple(
            tuple(cells.text(item[key]) for key in ("number", "item", "answer", "where", "by"))
            for item in items
        ),
        folded=True,
    )


def fidelity(results: dict) -> Table | None:
    """How far each student says what its teacher says, beside how often it is right; None without any."""
    found = results["fidelity"]
    if not found:
        return None
    return Table(
        name="fidelity",
        title="Fidelity: how far students agree with their teachers",
        caption="Agreement: test images of which student and teacher name the same class. Divergence: "
        "mean of KL(teacher ‖ student), at temperature 1. Who agrees more need not be right more often: "
        f"{_correlation_sentence(results)} {captions.study_evidence(results)}",
        columns=(
            Column("paper", "Paper"),
            Column("protocol", "Protocol"),
            Column("arm", "Student"),
            Column("teacher", "Teacher"),
            Column("agreement", "Agreement", True),
            Column("divergence", "Divergence, nats", True),
            Column("accuracy", "Student's accuracy", True),
            Column("teacher_accuracy", "Teacher's accuracy", True),
        ),
        rows=tuple(_fidelity_row(results, record) for record in found),
        folded=True,
    )


def _fidelity_row(results: dict, record: dict) -> tuple[Cell, ...]:
    place = record["paper"], record["protocol"]
    sides = [metric_of(score_of(results, *place, record[key]), "accuracy") for key in ("arm", "teacher")]
    divergence = record["divergence_nats"]
    return (
        cells.text(paper_label(results, record["paper"])),
        cells.text(protocol_label(record["protocol"])),
        *(cells.text(arm_label(results, record["paper"], record[key])) for key in ("arm", "teacher")),
        cells.estimate(record["agreement"], record["low"], record["high"]),
        Cell(formats.number(divergence), value=divergence, kind="number"),
        *(cells.number(side["value"] if side else None, "the arm has no score") for side in sides),
    )


def _correlation_sentence(results: dict) -> str:
    """How many pairs of students of one teacher have the more faithful one as the less accurate one."""
    crossed, pairs = crossings(results)
    return (
        f"in {crossed} of {formats.plural(pairs, 'pair')} of distilled students of one teacher the more "
        "faithful one is the less accurate one."
    )


def crossings(results: dict) -> tuple[int, int]:
    """Pairs of distilled students of one teacher in which agreement and accuracy point to different ones."""
    groups: dict[tuple, list[tuple[float, float]]] = {}
    for record in results["fidelity"]:
        if results["papers"][record["paper"]]["arms"][record["arm"]]["role"] == "distilled":
            place = record["paper"], record["protocol"]
            own = metric_of(score_of(results, *place, record["arm"]), "accuracy")
            if own and own["value"] is not None:
                groups.setdefault((*place, record["teacher"]), []).append((record["agreement"], own["value"]))
    signs = [
        (one[0] - other[0]) * (one[1] - other[1])
        for students in groups.values()
        for place, one in enumerate(students)
        for other in students[place + 1 :]
    ]
    return sum(sign < 0 for sign in signs), len(signs)
