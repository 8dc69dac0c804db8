"""Finds in results.json what a table, a caption or a figure needs; computes nothing."""

from skinkd import quantities

HEADLINE = "balanced_accuracy"

# Labels; what each number means stands in `skinkd.quantities`.
METRICS = {name: metric.label for name, metric in quantities.METRICS.items()}
FACTS = {name: fact.label for name, fact in quantities.FACTS.items()}
PROTOCOLS = {
    "as_published": "As published",
    "as_coded": "As coded",
    "leak_free": "Leak-free",
    "leak_injected": "Leak injected",
}
# What may join a test image to one that a network learns from; see `skinkd.leaks`.
RELATIVES = {
    "image": "The same image",
    "twin": "The same image id but for _downsampled",
    "lesion": "The same lesion id",
    "bytes": "The same bytes",
    "group": "One lesion, by lesion ids and bytes together",
    "label": "The same bytes or image id under another label",
    "near": "A near duplicate",
    "near_unknown": "A near duplicate that is no known sibling",
}
ROLES = {"teacher": "Teacher", "student": "Student alone", "distilled": "Distilled student"}
GLYPHS = {
    "reproduced": "●",
    "consistent": "◐",
    "lower": "▼",
    "higher": "▲",
    "untestable": "○",
    "not run": "×",
    "not published": "·",
}
SCALES = {"smoke": "Smoke run", "scaled": "Scaled-down run", "full": "Full scale"}


def metric_label(metric: str, of_class: str = "") -> str:
    """`Balanced accuracy`, or `Recall, MEL` for one class."""
    label = (METRICS | FACTS).get(metric, metric.replace("_", " ").capitalize())
    return f"{label}, {of_class}" if of_class else label


def protocol_label(protocol: str) -> str:
    return PROTOCOLS.get(protocol, protocol.replace("_", " ").capitalize())


def protocols_of(results: dict, paper: str) -> list[str]:
    """The protocols under which a paper runs, in the order of the report."""
    return results["papers"][paper]["protocols"]


def paper_label(results: dict, paper: str) -> str:
    return results["papers"][paper]["label"]


def arm_label(results: dict, paper: str, arm: str) -> str:
    return results["papers"][paper]["arms"][arm]["label"]


def is_full(results: dict) -> bool:
    return results["study"]["scale"] == "full"


def score_of(results: dict, paper: str, protocol: str, arm: str) -> dict | None:
    """The scores of one arm under one protocol, or None if it was not run."""
    wanted = (paper, protocol, arm)
    found = (s for s in results["scores"] if (s["paper"], s["protocol"], s["arm"]) == wanted)
    return next(found, None)


def why_not_run(results: dict, paper: str, protocol: str, arm: str) -> str:
    """What kept an arm of the study from its end; empty where nothing did, or the study does not run it."""
    wanted = (paper, protocol, arm)
    found = (m for m in results["missing"] if (m["paper"], m["protocol"], m["arm"]) == wanted)
    return next((record["reason"] for record in found), "")


def scores_of(results: dict, paper: str, protocol: str) -> dict[str, dict]:
    """The scores of a paper's arms that were run under one protocol, in the paper's order of arms."""
    scores = {arm: score_of(results, paper, protocol, arm) for arm in results["papers"][paper]["arms"]}
    return {arm: score for arm, score in scores.items() if score}


def metric_of(score: dict | None, metric: str, of_class: str = "") -> dict | None:
    """One metric's record `{value, low, high, by_seed, ...}`, or None if it was not scored."""
    metrics = score["metrics"] if score else []
    return next((m for m in metrics if (m["metric"], m["class"]) == (metric, of_class)), None)


def difference_of(score: dict | None, metric: str, of_class: str = "") -> dict | None:
    """The paired difference of one metric, arm minus baseline, or None if there is none."""
    differences = score["differences"] if score else []
    return next((d for d in differences if (d["metric"], d["class"]) == (metric, of_class)), None)


def arms_with_role(results: dict, paper: str, role: str) -> list[str]:
    return [arm for arm, about in results["papers"][paper]["arms"].items() if about["role"] == role]


def distinct(cells: list[dict]) -> list[dict]:
    """The cells of printed values, each once though several tables of its paper print it."""
    columns = ("paper", "protocol", "arm", "class", "metric", "published")
    printed = [cell for cell in cells if cell["table"] and cell["published"] is not None]
    first = {tuple(cell[column] for column in columns): cell for cell in reversed(printed)}
    return [cell for cell in printed if first[tuple(cell[column] for column in columns)] is cell]


def cells_of(results: dict, paper: str, table: str | None = None) -> list[dict]:
    """The cells of one paper, of one of its tables if `table` is given."""
    return [c for c in results["cells"] if c["paper"] == paper and table in (None, c["table"])]


def splits_of(results: dict, paper: str) -> dict[str, dict]:
    """For each protocol, the split of its first fold: folds differ in who is tested, not in the rule."""
    splits = [s for s in results["splits"] if s["paper"] == paper]
    by_protocol = {p: [s for s in splits if s["protocol"] == p] for p in results["protocols"]}
    return {p: min(found, key=lambda s: s["fold"]) for p, found in by_protocol.items() if found}


def training_of(results: dict, paper: str, protocol: str) -> dict[str, list[dict]]:
    """For each arm of a paper that was run under one protocol, the histories of its runs."""
    runs = [t for t in results["training"] if (t["paper"], t["protocol"]) == (paper, protocol)]
    by_arm = {arm: [t for t in runs if t["arm"] == arm] for arm in results["papers"][paper]["arms"]}
    return {arm: histories for arm, histories in by_arm.items() if histories}
