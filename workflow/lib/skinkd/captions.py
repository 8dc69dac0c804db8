"""The sentences of the report: captions and verdicts, with values from results.json."""

from collections import Counter

from skinkd import formats
from skinkd.comparison_findings import family_sentence
from skinkd.lookups import (
    HEADLINE,
    METRICS,
    SCALES,
    arm_label,
    cells_of,
    difference_of,
    distinct,
    is_full,
    paper_label,
    protocol_label,
    protocols_of,
    score_of,
    scores_of,
)
from skinkd.selections import controls, own_distilled, printed_most
from skinkd.terms import INERT_SHARE, terms_of
from skinkd.trials.judging import VERDICTS

HEADLINE_LABEL = METRICS[HEADLINE].lower()
# Statements of a scaled study that the first page shows; the others are folded.
STATEMENTS_SHOWN = 6
# What a reader must know to read one table of one paper.
TABLE_NOTES = {
    ("dsnet", "Table 2"): "The paper counts in Keras, where ResNet's convolutions carry biases (26,560 in "
    "ResNet50) that torchvision's do without, so the same network has fewer parameters here.",
}


def table_note(paper: str, table: str) -> str:
    """The note on one table, with a blank after it; empty for most."""
    note = TABLE_NOTES.get((paper, table), "")
    return f"{note} " if note else ""


def scale_statement(results: dict) -> str:
    """What was scaled down, in one line; empty at full scale."""
    study = results["study"]
    if is_full(results):
        return ""
    return f"{SCALES[study['scale']]}: {'; '.join(s.rstrip('.') for s in study['statements'])}."


def short_scale_statement(results: dict) -> str:
    """That the study is scaled down, for places without room for how; empty at full scale."""
    if is_full(results):
        return ""
    return f"{SCALES[results['study']['scale']]}, see the first page."


def table_scale_statement(results: dict) -> str:
    """What stands below a table that may stand alone in another paper; empty at full scale."""
    if is_full(results):
        return ""
    return f"{SCALES[results['study']['scale']]}: these numbers do not test the paper."


def statements_left(results: dict) -> str:
    """How many statements the first page does not show; empty where it shows all."""
    left = len(results["study"]["statements"]) - STATEMENTS_SHOWN
    return f"{formats.plural(left, 'more difference')} from the papers" if left > 0 else ""


def evidence(results: dict, paper: str, protocols: list[str]) -> str:
    """What the intervals of one paper rest on, under the protocols given."""
    scores = {
        protocol: next(iter(scores_of(results, paper, protocol).values()), None) for protocol in protocols
    }
    ran = [score for protocol in protocols for score in scores_of(results, paper, protocol).values()]
    if not ran:
        return "Nothing was run."
    parts = [test_part(protocol, score) for protocol, score in scores.items()]
    return f"{_resampling(ran)}. Test part: {'; '.join(parts)}."


def _resampling(scores):
    levels = sorted({formats.level(score["confidence"]) for score in scores})
    resamples = sorted({formats.count(score["resamples"]) for score in scores})
    seeds = sorted({score["n_seeds"] for score in scores})
    return (
        f"{' or '.join(levels)} intervals from {' or '.join(resamples)} resamples of lesions, "
        f"{' or '.join(formats.plural(n, 'seed') for n in seeds)}"
    )


def test_part(protocol: str, score: dict | None) -> str:
    """Images and lesions behind the scores of one protocol."""
    name = protocol_label(protocol).lower()
    if score is None:
        return f"{name} not run"
    images, lesions = (formats.plural(score[f"n_{noun}s"], noun) for noun in ("image", "lesion"))
    return f"{images} of {lesions} ({name})"


def all_evidence(results: dict, paper: str) -> str:
    """`evidence` under every protocol of the paper."""
    return evidence(results, paper, protocols_of(results, paper))


def study_evidence(results: dict) -> str:
    """What all intervals rest on; the test parts stand with each paper's tables."""
    if not results["scores"]:
        return "Nothing was run."
    few = "an interval is wider where few lesions decide, as Student's t is"
    return f"{_resampling(results['scores'])}; {few}."


def leakage_sentence(split: dict) -> str:
    """How many test images of one split share a lesion with training or validation images."""
    leakage = split["leakage"]
    return (
        f"{protocol_label(split['protocol'])}: {formats.count(leakage['test_images_sharing_a_lesion'])} of "
        f"{formats.count(leakage['test_images'])} test images ({formats.percent(leakage['share'])}) "
        "share a lesion with a training or validation image"
    )


def verdict(results: dict, paper: str) -> str:
    """One sentence: what this run says about the paper as a whole."""
    label, study = paper_label(results, paper), results["study"]
    if not is_full(results):
        return f"Nothing can be concluded about {label}: this is a {SCALES[study['scale']].lower()}."
    return " ".join(_verdict_under(results, paper, protocol) for protocol in protocols_of(results, paper))


def _verdict_under(results, paper, protocol):
    counts = verdict_counts(results, paper, protocol)
    others = "".join(f", {n} {word}" for word, n in counts.items() if word != "reproduced")
    published = formats.plural(sum(counts.values()), "published value")
    return f"{protocol_label(protocol)}: {counts.get('reproduced', 0)} of {published} reproduced{others}."


def verdict_counts(results: dict, paper: str, protocol: str) -> dict[str, int]:
    """How many of the values that a paper prints carry each verdict, most frequent first.

    A value that several tables of the paper print counts once.
    """
    printed = (cell for cell in distinct(cells_of(results, paper)) if cell["protocol"] == protocol)
    return dict(Counter(cell["verdict"] for cell in printed).most_common())


def claims_sentence(results: dict, paper: str) -> str:
    """How many claims of a paper carry which verdict, and below full scale which way they point."""
    mine = [claim for claim in results["claims"] if claim["paper"] == paper]
    if not mine:
        return ""
    counts = Counter(claim["verdict"] for claim in mine)
    words = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    sentence = f"Of {formats.plural(len(mine), 'claim')}: {words}."
    pointing = Counter(claim["points"] for claim in mine if claim["points"])
    if is_full(results) or not pointing:
        return sentence
    ways = " and ".join(f"{n} {way}" for way, n in sorted(pointing.items()))
    return f"{sentence} Of the {pointing.total()} that were run, these point: {ways}."


def findings(results: dict, paper: str) -> list[str]:
    """What the run itself shows: what distillation did, what the controls did, which terms do nothing."""
    found = [_finding(results, paper, protocol) for protocol in protocols_of(results, paper)]
    sentences = (
        *(family_sentence, _control_finding, diverged_sentence, inert_sentence, as_coded_sentence),
        *(plausibility_sentence, injection_sentence),
    )
    more = (make(results, paper) for make in sentences)
    return [*found, *filter(None, more)]


def _finding(results, paper, protocol):
    differences = _differences(results, paper, protocol, own_distilled(results, paper))
    name = protocol_label(protocol)
    if not differences:
        return f"{name}: no distilled student was scored beside the student alone."
    if len(differences) == 1:
        return f"{name}: {_one_difference(results, paper, *differences.popitem())}"
    better = sum(d["low"] > 0 for d in differences.values())
    worse = sum(d["high"] < 0 for d in differences.values())
    return (
        f"{name}: of {len(differences)} distilled students, {better} did better than the student alone, "
        f"{worse} did worse and {len(differences) - better - worse} cannot be told from it "
        f"({HEADLINE_LABEL}, paired intervals)."
    )


def _differences(results, paper, protocol, arms):
    """The paired headline differences of arms that have one with an interval."""
    found = {arm: difference_of(score_of(results, paper, protocol, arm), HEADLINE) for arm in arms}
    return {arm: d for arm, d in found.items() if d and None not in (d["value"], d["low"], d["high"])}


def _control_finding(results, paper):
    """One sentence on the teachers that know nothing; empty where none was scored."""
    found = {
        (arm_label(results, paper, arm), protocol_label(protocol).lower()): difference["low"] > 0
        for protocol in protocols_of(results, paper)
        for arm, difference in _differences(results, paper, protocol, controls(results, paper)).items()
    }
    helpful = [f"{arm} ({protocol})" for (arm, protocol), better in found.items() if better]
    if helpful:
        return (
            f"{' and '.join(helpful)} did better than hard labels alone, though that teacher knows nothing: "
            "such a gain is no distilled knowledge."
        )
    if found:
        return f"No teacher that knows nothing did better than hard labels alone ({_protocols_in(found)})."
    return ""


def _protocols_in(found):
    return ", ".join(dict.fromkeys(protocol for _, protocol in found))


def _one_difference(results, paper, arm, difference):
    change = f"{formats.signed_points(difference['value'])} pp"
    ends = formats.points_interval(difference["low"], difference["high"])
    if difference["low"] > 0:
        meaning = "better than the student alone"
    elif difference["high"] < 0:
        meaning = "worse than the student alone"
    else:
        meaning = "not to be told from the student alone, as the interval contains 0"
    return f"{arm_label(results, paper, arm)} changed {HEADLINE_LABEL} by {change} {ends}: {meaning}."


def injection_sentence(results: dict, paper: str) -> str:
    """What a leak alone added, of each arm that it was injected for; empty where none was."""
    found = [
        (one["arm"], metric)
        for one in results["audits"].get(paper, {}).get("injections", [])
        for reach in one["reaches"]
        if reach["reach"] == "all" and one["images_injected"]
        for metric in reach["metrics"]
        if metric["metric"] == HEADLINE and metric["value"] is not None
    ]
    if not found:
        return ""
    changes = "; ".join(f"{arm_label(results, paper, arm)} {_change(metric)}" for arm, metric in found)
    return f"Siblings of test images in training, and nothing else, changed {HEADLINE_LABEL}: {changes}."


def _change(metric):
    """A difference in points with its interval, and whether it may be none."""
    unclear = ", not to be told from no change" if metric["low"] <= 0 <= metric["high"] else ""
    ends = formats.points_interval(metric["low"], metric["high"])
    return f"{formats.signed_points(metric['value'])} pp {ends}{unclear}"


def diverged_sentence(results: dict, paper: str) -> str:
    """Which arms left the finite numbers in training; empty if none did."""
    runs = [run for run in results["networks"] if run["paper"] == paper and run["diverged_epoch"]]
    arms = dict.fromkeys(
        f"{arm_label(results, paper, run['arm'])} ({protocol_label(run['protocol']).lower()})" for run in runs
    )
    if not arms:
        return ""
    return f"Training diverged, and the weights before are shown: {'; '.join(arms)}."


def plausibility_sentence(results: dict, paper: str) -> str:
    """How many checks of the printed numbers end in which verdict; empty where there are none."""
    found = Counter(record["verdict"] for record in results["plausibility"] if record["paper"] == paper)
    if not found:
        return ""
    words = {
        "impossible": "find what is impossible",
        "contradicts": "find a contradiction",
        "unlikely": "find what the numbers do not carry",
        "consistent": "find nothing",
    }
    counts = ", ".join(f"{found[verdict]} {said}" for verdict, said in words.items() if found[verdict])
    return f"{formats.plural(found.total(), 'check')} of the printed numbers: {counts}."


def inert_sentence(results: dict, paper: str) -> str:
    """How many terms of a paper's losses train nothing, by protocol; empty if none."""
    inert = [term for term in terms_of(results, paper) if term.inert]
    counts = Counter(term.protocol for term in inert)
    if not counts:
        return ""
    arms = "; ".join(f"{protocol_label(protocol).lower()} {n}" for protocol, n in counts.items())
    terms = "1 term carries" if len(inert) == 1 else f"{len(inert)} terms carry"
    return f"{terms} less than {formats.level(INERT_SHARE)} of the gradient and so train nothing ({arms})."


def as_coded_sentence(results: dict, paper: str) -> str:
    """What the soft terms of the paper's most printed arm do in the authors' code; empty if not run."""
    arm = printed_most(results, paper)
    terms = [term for term in terms_of(results, paper) if (term.protocol, term.arm) == ("as_coded", arm)]
    soft = [term for term in terms if term.soft]
    if not soft:
        return ""
    added, whole = (sum(term.value for term in chosen) for chosen in (soft, terms))
    share = formats.small_percent(sum(term.share for term in soft))
    verb = "terms add" if len(soft) > 1 else "term adds"
    return (
        f"{paper_label(results, paper)} as coded: the soft {verb} {formats.scientific(added)} to a loss of "
        f"{formats.scientific(whole)} ({share} of the gradient), "
        f"{arm_label(results, paper, arm)}, means over epochs and runs."
    )
