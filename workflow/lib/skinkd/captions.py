"""The sentences of the report: captions, alternative texts and verdicts, with values from results.json."""

from collections import Counter

from skinkd import formats
from skinkd.lookups import (
    HEADLINE,
    METRICS,
    SCALES,
    arm_label,
    arms_with_role,
    cells_of,
    difference_of,
    is_full,
    metric_label,
    metric_of,
    paper_label,
    protocol_label,
    score_of,
    scores_of,
    splits_of,
    training_of,
)

HEADLINE_LABEL = METRICS[HEADLINE].lower()


def scale_statement(results: dict) -> str:
    """What was scaled down, in one line; empty at full scale."""
    study = results["study"]
    if is_full(results):
        return ""
    return f"{SCALES[study['scale']]}: {'; '.join(s.rstrip('.') for s in study['statements'])}."


def evidence(results: dict, paper: str, protocols: list[str]) -> str:
    """What the intervals of one paper rest on, under the protocols given."""
    scores = {
        protocol: next(iter(scores_of(results, paper, protocol).values()), None) for protocol in protocols
    }
    ran = [score for protocol in protocols for score in scores_of(results, paper, protocol).values()]
    if not ran:
        return "Nothing was run."
    parts = [_test_part(protocol, score) for protocol, score in scores.items()]
    return f"{_resampling(ran)}. Test part: {'; '.join(parts)}."


def _resampling(scores):
    levels = sorted({formats.level(score["confidence"]) for score in scores})
    resamples = sorted({formats.count(score["resamples"]) for score in scores})
    seeds = sorted({score["n_seeds"] for score in scores})
    return (
        f"{' or '.join(levels)} intervals from {' or '.join(resamples)} resamples of lesions, "
        f"{' or '.join(formats.plural(n, 'seed') for n in seeds)}"
    )


def _test_part(protocol, score):
    name = protocol_label(protocol).lower()
    if score is None:
        return f"{name} not run"
    images, lesions = (formats.plural(score[f"n_{noun}s"], noun) for noun in ("image", "lesion"))
    return f"{images} of {lesions} ({name})"


def all_evidence(results: dict, paper: str) -> str:
    """`evidence` under every protocol of the study."""
    return evidence(results, paper, list(results["protocols"]))


def study_evidence(results: dict) -> str:
    """`evidence` of every paper."""
    return " ".join(
        f"{paper_label(results, paper)}: {all_evidence(results, paper)}" for paper in results["papers"]
    )


def figure_caption(results: dict, figure: str, paper: str, protocol: str | None) -> tuple[str, str]:
    """Title and caption of one figure of the catalogue."""
    return CAPTIONS[figure](results, paper, protocol)


def figure_text(results: dict, figure: str, paper: str, protocol: str | None) -> str:
    """What a reader who cannot see the figure should hear, with its main numbers."""
    title = figure_caption(results, figure, paper, protocol)[0]
    details = TEXTS[figure](results, paper, protocol)
    return f"{title}. {details}" if details else f"{title}."


def _comparison(results, paper, _):
    return (
        f"{paper_label(results, paper)}: published and reproduced",
        "Hollow diamond: the value the paper prints. Dot and whisker: this run and its interval. "
        f"Small ticks: single seeds. {all_evidence(results, paper)}",
    )


def _roc(results, paper, protocol):
    return (
        f"{_subject(results, paper, protocol)}: ROC of each class against the rest",
        f"Mean over {_runs(results, paper, protocol)}; each panel names the area under each arm's curve. "
        f"{_tested(results, paper, protocol)}",
    )


def _confusion(results, paper, protocol):
    return (
        f"{_subject(results, paper, protocol)}: confusion matrices",
        "Rows are the true class, columns the predicted one; counts summed over "
        f"{_runs(results, paper, protocol)}, the share of the row below each count, and shading by that "
        f"share. {_tested(results, paper, protocol)}",
    )


def _subject(results, paper, protocol):
    return f"{paper_label(results, paper)}, {protocol_label(protocol).lower()}"


def _runs(results, paper, protocol):
    runs = sorted({len(score["runs"]) for score in scores_of(results, paper, protocol).values()})
    return " or ".join(formats.plural(n, "run") for n in runs) or "no run"


def _tested(results, paper, protocol):
    score = next(iter(scores_of(results, paper, protocol).values()), None)
    return f"Test part: {_test_part(protocol, score)}."


def _training(results, paper, protocol):
    return (
        f"{_subject(results, paper, protocol)}: training",
        "Dashed: loss on the training part. Solid: loss and balanced accuracy on the validation part. "
        "Dot: the epoch that was kept. Each arm's loss is its own, so losses compare within a row only.",
    )


def _data(results, paper, _):
    folds = "; ".join(
        f"{protocol_label(p).lower()} fold {s['fold']}" for p, s in splits_of(results, paper).items()
    )
    return (
        f"{paper_label(results, paper)}: images, lesions and leakage",
        "Filled: images. Hollow: lesions. Logarithmic scale. Right: share of the test images whose lesion "
        f"also has an image in training or validation. Shown: {folds or 'no split'}.",
    )


def _comparison_text(results, paper, _):
    cells = [
        c
        for c in cells_of(results, paper)
        if not c["class"] and None not in (c["published"], c["reproduced"])
    ]
    return ". ".join(
        f"{_subject(results, paper, c['protocol'])}, {arm_label(results, paper, c['arm'])}, "
        f"{metric_label(c['metric'])}: published {formats.number(c['published'])}, "
        f"reproduced {formats.number(c['reproduced'])}"
        for c in cells
    )


def _headlines(results, paper, protocol, metric):
    for arm, score in scores_of(results, paper, protocol).items():
        record = metric_of(score, metric)
        if record and record["value"] is not None:
            value = formats.number(record["value"])
            yield f"{arm_label(results, paper, arm)}: {metric_label(metric).lower()} {value}"


def _training_text(results, paper, protocol):
    return ". ".join(
        f"{arm_label(results, paper, arm)}: {formats.plural(len(runs), 'run')} of "
        f"{formats.plural(len(runs[0]['epochs']), 'epoch')}, epoch {runs[0]['best_epoch']} kept"
        for arm, runs in training_of(results, paper, protocol).items()
    )


def _data_text(results, paper, _):
    return ". ".join(leakage_sentence(split) for split in splits_of(results, paper).values())


CAPTIONS = {
    "comparison": _comparison,
    "roc": _roc,
    "confusion": _confusion,
    "training": _training,
    "data": _data,
}
TEXTS = {
    "comparison": _comparison_text,
    "roc": lambda results, paper, protocol: ". ".join(_headlines(results, paper, protocol, "auc")),
    "confusion": lambda results, paper, protocol: ". ".join(_headlines(results, paper, protocol, HEADLINE)),
    "training": _training_text,
    "data": _data_text,
}


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
    return " ".join(_verdict_under(results, paper, protocol) for protocol in results["protocols"])


def _verdict_under(results, paper, protocol):
    counts = verdict_counts(results, paper, protocol)
    others = "".join(f", {n} {word}" for word, n in counts.items() if word != "reproduced")
    published = formats.plural(sum(counts.values()), "published value")
    return f"{protocol_label(protocol)}: {counts.get('reproduced', 0)} of {published} reproduced{others}."


def verdict_counts(results: dict, paper: str, protocol: str) -> dict[str, int]:
    """How many of the values that a paper prints carry each verdict, most frequent first."""
    printed = (c for c in cells_of(results, paper) if c["table"] and c["protocol"] == protocol)
    return dict(Counter(cell["verdict"] for cell in printed).most_common())


def findings(results: dict, paper: str) -> list[str]:
    """What the run itself shows: per protocol, what distillation did to the student."""
    return [_finding(results, paper, protocol) for protocol in results["protocols"]]


def _finding(results, paper, protocol):
    arms = arms_with_role(results, paper, "distilled")
    found = {arm: difference_of(score_of(results, paper, protocol, arm), HEADLINE) for arm in arms}
    found = {arm: d for arm, d in found.items() if d and None not in (d["value"], d["low"], d["high"])}
    name = protocol_label(protocol)
    if not found:
        return f"{name}: no distilled student was scored beside the student alone."
    if len(found) == 1:
        return f"{name}: {_one_difference(results, paper, *found.popitem())}"
    better = sum(d["low"] > 0 for d in found.values())
    worse = sum(d["high"] < 0 for d in found.values())
    return (
        f"{name}: of {len(found)} distilled students, {better} did better than the student alone, "
        f"{worse} did worse and {len(found) - better - worse} cannot be told from it "
        f"({HEADLINE_LABEL}, paired intervals)."
    )


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
