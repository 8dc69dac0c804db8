"""Titles, captions and alternative texts of the figures, with values from results.json."""

from skinkd import formats
from skinkd.captions import HEADLINE_LABEL, all_evidence, leakage_sentence, test_part
from skinkd.detection import LEAST_SENSITIVITY
from skinkd.figures import arms_of, parameters_of
from skinkd.figures.roc import MARKED, marked_point
from skinkd.lookups import (
    HEADLINE,
    arm_label,
    cells_of,
    metric_label,
    metric_of,
    paper_label,
    protocol_label,
    protocols_of,
    score_of,
    scores_of,
    splits_of,
    training_of,
)
from skinkd.selections import published_of
from skinkd.terms import INERT_SHARE, terms_of
from skinkd.validated_choice import RULE, validated_arms

SIDES = ("before", "after")
# Figures with a panel for each arm, and where it is found out whether an arm was run.
PANELS = {"confusion": scores_of, "roc": scores_of, "curves": training_of}


def caption(results: dict, paper: str, label: str, protocol: str | None) -> tuple[str, str]:
    """Title and caption of a figure: the paper's under `label` and a protocol, or our own of that name."""
    if protocol is None:
        title, words = OWN[label](results, paper)
        return f"{paper_label(results, paper)}: {title}", words
    figure = results["papers"][paper]["figures"][label]
    subject = f"{paper_label(results, paper)}, {label}, {protocol_label(protocol).lower()}"
    if figure["name"] in OWN:
        return f"{subject}: {figure['title']}", OWN[figure["name"]](results, paper)[1]
    words = PRINTED[figure["name"]](results, paper, protocol, parameters_of(figure))
    absent = _left_out(results, paper, protocol, figure)
    return f"{subject}: {figure['title']}", f"{words} {absent}{_tested(results, paper, protocol)}"


def text(results: dict, paper: str, label: str, protocol: str | None) -> str:
    """What a reader who cannot see the figure should hear, with its main numbers."""
    title = caption(results, paper, label, protocol)[0]
    figure = {"name": label} if protocol is None else results["papers"][paper]["figures"][label]
    if figure["name"] in OWN_TEXTS:
        details = list(OWN_TEXTS[figure["name"]](results, paper))
    else:
        say = PRINTED_TEXTS.get(figure["name"], _headlines)
        details = list(say(results, paper, protocol, parameters_of(figure)))
    return f"{title}. {'. '.join(details)}." if details else f"{title}."


def ran(results: dict, paper: str, label: str, protocol: str) -> bool:
    """Whether any arm of a paper's figure was run under a protocol; a figure without arms shows the data."""
    arms = arms_of(parameters_of(results["papers"][paper]["figures"][label]))
    return not arms or any(score_of(results, paper, protocol, arm) for arm in arms)


def _left_out(results, paper, protocol, figure):
    """Which arms have no panel in a figure of panels; empty where all have one, or none."""
    if figure["name"] not in PANELS:
        return ""
    found = PANELS[figure["name"]](results, paper, protocol)
    absent = [arm_label(results, paper, arm) for arm in figure["arms"] if arm not in found]
    shown = len(absent) < len(figure["arms"])
    return f"Not run under this protocol: {'; '.join(absent)}. " if absent and shown else ""


def _tested(results, paper, protocol):
    score = next(iter(scores_of(results, paper, protocol).values()), None)
    return f"Test part: {test_part(protocol, score)}."


def _runs(results, paper, protocol):
    runs = sorted({len(score["runs"]) for score in scores_of(results, paper, protocol).values()})
    return " or ".join(formats.plural(n, "run") for n in runs) or "no run"


def _comparison(results, paper):
    return (
        "published and reproduced",
        "Hollow diamond: the value the paper prints. Coloured mark and line: this run and its interval, one "
        f"colour and shape per protocol. Small ticks: single seeds. {all_evidence(results, paper)}",
    )


def _protocols(results, paper):
    return (
        f"{HEADLINE_LABEL} under each protocol",
        "One row per arm, its marks joined by a grey line: how far a score falls where no known lesion leaks "
        "and some losses are corrected, and how much "
        f"hangs on what the text does not say. {all_evidence(results, paper)}",
    )


def _terms(results, paper):
    return (
        "share of the gradient of each term of the loss",
        "Sum of the terms' gradient norms over the student's parameters, mean over epochs and runs. Marked: "
        f"terms below {formats.level(INERT_SHARE)}, which train nothing.",
    )


def _data(results, paper):
    folds = "; ".join(
        f"{protocol_label(p).lower()} fold {s['fold']}" for p, s in splits_of(results, paper).items()
    )
    return (
        "images, lesions and leakage",
        "Filled: images. Hollow: lesions. Logarithmic scale. Right: share of the test images whose lesion "
        f"also has an image in training or validation. Shown: {folds or 'no split'}.",
    )


def _calibration(results, paper):
    return (
        "probability and truth, before and after temperature scaling",
        "Each mark is a bin of as many answers: how probable the network called them, and the share that "
        "was right, with its interval. Above the diagonal it was too modest, below it too sure. The "
        "temperature is fitted on the validation part alone. "
        f"Shown: {RULE}. {all_evidence(results, paper)}",
    )


def _subgroups(results, paper):
    return (
        "accuracy by sex, age, site and source",
        "Marks on their intervals. Groups mix classes differently, and rare classes are harder: a difference "
        f"is not yet unfairness. Shown: {RULE}. {all_evidence(results, paper)}",
    )


def _comparison_text(results, paper):
    """One clause per number over all classes that has both sides."""
    for cell in cells_of(results, paper):
        if not cell["class"] and None not in (cell["published"], cell["reproduced"]):
            values = (formats.measured(cell[key], cell["metric"]) for key in ("published", "reproduced"))
            yield (
                f"{arm_label(results, paper, cell['arm'])}, {metric_label(cell['metric'])}, "
                f"{protocol_label(cell['protocol']).lower()}: {' printed, '.join(values)} here"
            )


def _protocols_text(results, paper):
    for protocol in protocols_of(results, paper):
        values = dict(_values(results, paper, protocol, scores_of(results, paper, protocol), HEADLINE))
        if values:
            best = max(values, key=values.get)
            yield (
                f"{protocol_label(protocol)}: {formats.plural(len(values), 'arm')}, highest "
                f"{formats.number(values[best])} of {arm_label(results, paper, best)}"
            )


def _terms_text(results, paper):
    for term in terms_of(results, paper):
        if term.inert:
            yield (
                f"Inert: {term.name.replace('_', ' ')} of {arm_label(results, paper, term.arm)}, "
                f"{protocol_label(term.protocol).lower()}"
            )


def _data_text(results, paper):
    return [leakage_sentence(split) for split in splits_of(results, paper).values()]


def _shown_by_validation(results, paper, key):
    """Label and record of each arm that validation chose, where its score has one."""
    for protocol in protocols_of(results, paper):
        for arm in validated_arms(results, paper, protocol):
            if record := score_of(results, paper, protocol, arm).get(key):
                yield f"{arm_label(results, paper, arm)}, {protocol_label(protocol).lower()}", record


def _calibration_text(results, paper):
    for label, record in _shown_by_validation(results, paper, "calibration"):
        errors = [record[side] and record[side]["expected_calibration_error"]["value"] for side in SIDES]
        before, after = (error if error is None else formats.number(error) for error in errors)
        scaled = (
            f"{after} at temperature {formats.number(record['temperature'])}" if after else record["reason"]
        )
        yield f"{label}: calibration error {before}, after scaling {scaled}"


def _subgroups_text(results, paper):
    for label, record in _shown_by_validation(results, paper, "subgroups"):
        shown = [group for group in record["groups"] if group["accuracy"]["value"] is not None]
        if shown:
            lowest, highest = (f(shown, key=lambda g: g["accuracy"]["value"]) for f in (min, max))
            yield f"{label}: accuracy from {_group_text(lowest)} to {_group_text(highest)}"


def _group_text(group):
    return f"{formats.number(group['accuracy']['value'])} ({group['by']}: {group['group']})"


def _values(results, paper, protocol, arms, metric):
    for arm in arms:
        record = metric_of(score_of(results, paper, protocol, arm), metric)
        if record and record["value"] is not None:
            yield arm, record["value"]


def _metric_text(results, paper, protocol, metric, arms):
    """One clause per arm: ours, and what the paper prints."""
    for arm, value in _values(results, paper, protocol, arms, metric):
        printed = published_of(results, paper, arm, metric)
        words = "" if printed is None else f", published {formats.number(printed)}"
        label = arm_label(results, paper, arm)
        yield f"{label}: {metric_label(metric).lower()} {formats.number(value)}{words}"


def _headlines(results, paper, protocol, parameters):
    metric = parameters.get("metric", HEADLINE)
    return _metric_text(results, paper, protocol, metric, arms_of(parameters))


def _roc_text(results, paper, protocol, parameters):
    yield from _metric_text(results, paper, protocol, "auc", parameters["arms"])
    for arm in parameters["arms"]:
        score = score_of(results, paper, protocol, arm)
        if point := score and marked_point(score):
            sides = (f"{side} {formats.number(point['test'][side]['value'])}" for side in point["test"])
            yield f"{arm_label(results, paper, arm)}, operating point: {', '.join(sides)}"


def _curves_text(results, paper, protocol, parameters):
    for arm, runs in training_of(results, paper, protocol).items():
        if arm in parameters["arms"]:
            yield (
                f"{arm_label(results, paper, arm)}: {formats.plural(len(runs), 'run')} of "
                f"{formats.plural(len(runs[0]['epochs']), 'epoch')}, epoch {runs[0]['best_epoch']} kept"
            )


def _softened_text(results, paper, protocol, parameters):
    for record in records_of(results, paper, protocol, "softened"):
        for value in record["values"]:
            says = ", ".join(f"{c} {formats.number(p)}" for c, p in value["probabilities"].items())
            yield f"{value['of']}, {value['reading']}, T = {value['temperature']:g}: {says}"


def records_of(results: dict, paper: str, protocol: str, name: str) -> list[dict]:
    """The records of a paper's pictures of one kind under a protocol."""
    wanted = (paper, protocol, name)
    return [r for r in results["pictures"].values() if (r["paper"], r["protocol"], r["name"]) == wanted]


def _with_metric(words):
    return lambda results, paper, protocol, parameters: words.format(metric_label(parameters["metric"]))


OWN = {
    "comparison": _comparison,
    "protocols": _protocols,
    "terms": _terms,
    "data": _data,
    "calibration": _calibration,
    "subgroups": _subgroups,
}
OWN_TEXTS = {
    "comparison": _comparison_text,
    "protocols": _protocols_text,
    "terms": _terms_text,
    "data": _data_text,
    "calibration": _calibration_text,
    "subgroups": _subgroups_text,
}
PRINTED = {
    "roc": lambda results, paper, protocol, _: (
        f"One curve per class against the rest, mean over "
        f"{_runs(results, paper, protocol)}; each panel lists the area under each class's curve. "
        f"Tinted: more than {formats.level(LEAST_SENSITIVITY)} sensitivity. Diamond: melanoma, or malignant "
        f"lesions, at the threshold that keeps {formats.level(MARKED[1])} {MARKED[0]} on the validation part."
    ),
    "confusion": lambda results, paper, protocol, _: (
        "Rows are the true class, columns the predicted one. "
        f"Counts are summed over {_runs(results, paper, protocol)}; shading: share of the row, on one scale."
    ),
    "curves": lambda *_: (
        "Dashed: training part. Solid: validation part. Dot: the epoch that was kept. Each "
        "arm's loss is its own, so losses compare within a row only."
    ),
    "ablation": _with_metric(
        "{}. Line and band: this run and its interval. Hollow diamonds: what the paper prints. Across: the "
        "teacher and the student alone, where all arms share them."
    ),
    "class_scores": _with_metric(
        "{} of each class. Lines are intervals; hollow diamonds are the paper's values."
    ),
    "grid": _with_metric("{}, with its interval; below it what the paper prints, where it does."),
    "softened": lambda *_: (
        "Mean over the test images of each class. Above: logits divided by the temperature, "
        "as distillation has it. Below: probabilities divided by it."
    ),
}
PRINTED_TEXTS = {
    "roc": _roc_text,
    "curves": _curves_text,
    "softened": _softened_text,
}
