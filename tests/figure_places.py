"""Where in results.json each number printed within a figure stands, without the code that drew it.

A new kind of figure needs a line in `KINDS`: its name, and a function `(results, about, figure)` that
yields the words that hold numbers, each with the values that they show, in order. `about` is the figure's
entry in the catalogue, `figure` its `FigureWords`. No other words may hold a number, but as part of a name.
"""

import re
from collections import Counter
from itertools import zip_longest

from number_places import first_split, matching, metric, protocol_of, score
from number_sentences import INERT, terms

PARTS = ("train", "validation", "test")
READINGS = {"logits / T": "logits", "probabilities / T": "probabilities"}
# Matrices and bars of more classes have no room for a second number.
FEW_CLASSES = 4
# A part of a bar that is narrower holds no number.
LEAST_WIDTH = 0.12


def squeezed(words: str) -> str:
    """Without spaces: long titles are broken into lines, at hyphens too."""
    return re.sub(r"\s", "", words)


def arm_called(results, paper, label):
    arms = results["papers"][paper]["arms"]
    found = [arm for arm, about in arms.items() if squeezed(about["label"]) == squeezed(label)]
    assert len(found) == 1, f"{label} is no arm's name"
    return found[0]


def paired(found, expected):
    """Words and values in order; words without values, and values without words, are left over."""
    return zip_longest(found, expected, fillvalue=None)


def by_row(panel, order=lambda words: words.x):
    """The words inside of a panel by the name of their row, ordered within it."""
    rows = {}
    for words in sorted(panel.inside, key=order):
        rows.setdefault(panel.row_of(words), []).append(words)
    return rows


def scored_panels(results, about, figure):
    """Each panel that is not empty with the score of the arm that its title names; no score has no panel."""
    titles = {squeezed(panel.title) for panel in figure.panels}
    for arm in about["parameters"]["arms"]:
        label = results["papers"][about["paper"]]["arms"][arm]["label"]
        ran = score(results, about["paper"], about["protocol"], arm)
        assert squeezed(label) in titles or not ran, f"{label} has no panel"
    for panel in figure.panels:
        if panel.title:
            arm = arm_called(results, about["paper"], panel.title)
            if found := score(results, about["paper"], about["protocol"], arm):
                yield panel, found


def confusion(results, about, figure):
    for panel, found in scored_panels(results, about, figure):
        classes, rows = found["classes"], by_row(panel)
        assert [row.text for row in panel.rows] == [column.text for column in panel.columns] == classes
        for of_class, counts in zip(classes, found["confusion"], strict=True):
            shares = [count / max(sum(counts), 1) for count in counts]
            both = [pair if pair[0] else pair[:1] for pair in zip(counts, shares, strict=True)]
            alone = [(count,) for count in counts]
            yield from paired(rows[of_class], both if len(classes) <= FEW_CLASSES else alone)


def roc(results, about, figure):
    for panel, found in scored_panels(results, about, figure):
        areas = [(name, metric(results, *place_of(found), "auc", name)) for name in found["classes"]]
        for name, record in areas:
            named = re.compile(rf"{re.escape(name)} (\d|no curve$)")
            own = [words for words in panel.inside if named.match(words.text)]
            yield from paired(own, [(record["value"],) if record and record["value"] is not None else ()])


def place_of(record):
    return record["paper"], record["protocol"], record["arm"]


def calibration(results, about, figure):
    for panel in figure.panels:
        if panel.title:
            protocol, _, label = panel.title.partition(": ")
            arm = arm_called(results, about["paper"], label)
            record = score(results, about["paper"], protocol_of(protocol), arm)["calibration"]
            sides = [record[side] for side in ("before", "after") if record[side]]
            errors = [side["expected_calibration_error"]["value"] for side in sides]
            scaled = [record["temperature"]] if record["after"] else []
            answers = sorted({each["answers"] for each in record["before"]["reliability"]})
            yield from paired(panel.inside, [(*errors, *scaled, *answers)])


def data(results, about, figure):
    *counted, shared = figure.panels
    classes, splits = results["papers"][about["paper"]]["classes"], []
    for panel in counted:
        if split := first_split(results, about["paper"], protocol_of(panel.title)):
            splits.append(split)
            yield from empty_classes(panel, split["counts"], classes)
    rows = by_row(shared, order=lambda words: words.y)
    for of_class in classes:
        known = [split["leakage"]["by_class"].get(of_class, {"share": None}) for split in splits]
        shares = [(100 * each["share"],) for each in known if each["share"] is not None]
        yield from paired(rows.get(of_class, []), shares)


def empty_classes(panel, counts, classes):
    """A 0 for each part that has no image of a class."""
    rows = by_row(panel)
    for of_class in classes:
        images = [counts[part].get(of_class, {"images": 0})["images"] for part in PARTS]
        yield from paired(rows.get(of_class, []), [(0,) for n in images if not n])


def grid(results, about, figure):
    (panel,), paper = figure.panels, about["paper"]
    name, values = about["parameters"]["metric"], []
    for row, members in about["parameters"]["series"].items():
        for arm, column in members.items():
            found = [w for w in panel.inside if (panel.row_of(w), panel.column_of(w)) == (row, str(column))]
            record = metric(results, paper, about["protocol"], arm, name) or {"value": None}
            printed = [
                c["published"]
                for c in matching(results["cells"], paper=paper, arm=arm, metric=name)
                if not c["class"] and c["published"] is not None
            ]
            ran = record["value"] is not None
            values += [record["value"]] if ran else []
            ends = [(record["low"], record["high"])] if ran and record["low"] is not None else []
            lines = [(record["value"],) if ran else (), *ends, *[(value,) for value in printed[:1]]]
            yield from paired(sorted(found, key=lambda words: words.y), lines)
    yield from paired(panel.labels, [(min(values), max(values)) if values else ()])


def softened(results, about, figure):
    (arm, temperatures), place = about["parameters"].values(), (about["paper"], about["protocol"], "softened")
    classes = results["papers"][about["paper"]]["classes"]
    records = [r for r in results["pictures"].values() if (r["paper"], r["protocol"], r["name"]) == place]
    known = {
        (v["of"], v["reading"], v["temperature"]): v["probabilities"]
        for r in records
        if arm in r["arms"]
        for v in r["values"]
    }
    for panel in figure.panels if known else ():
        of_class, reading = re.fullmatch(r"(.*), (\w+ / T)", panel.title).groups()
        rows = by_row(panel)
        for temperature in temperatures:
            shares = [known[of_class, READINGS[reading], temperature][name] for name in classes]
            printed = [(s,) for s in shares if s > LEAST_WIDTH and len(classes) <= FEW_CLASSES]
            yield from paired(rows.get(f"T = {temperature:g}", []), printed)


def gradient_terms(results, about, figure):
    known = [term for term in terms(results, [about["paper"]]) if term[-1] < INERT]
    counts = Counter(term[1:3] for term in known)
    for panel in figure.panels:
        for words in panel.inside:
            if "inert" in words.text:
                arm = arm_called(results, about["paper"], panel.row_of(words))
                amount = counts.pop((protocol_of(panel.title), arm), 0)
                assert amount, f"{words.text} of {arm}: results.json has none"
                yield words, () if amount == 1 else (amount,)
    assert not counts, f"not marked: {counts}"


def ablation(results, about, figure):
    """The settings are no ticks of a scale, but names of what was run."""
    settings = {s for members in about["parameters"]["series"].values() for s in members.values()}
    for column in figure.panels[0].columns:
        assert float(column.text) in settings, f"{column.text} is no setting"
    return ()


def names_alone(results, about, figure):
    """No number but ticks of a scale and parts of names."""
    return ()


KINDS = {
    "ablation": ablation,
    "calibration": calibration,
    "class_scores": names_alone,
    "comparison": names_alone,
    "confusion": confusion,
    "curves": names_alone,
    "data": data,
    "grid": grid,
    "protocols": names_alone,
    "roc": roc,
    "softened": softened,
    "subgroups": names_alone,
    "terms": gradient_terms,
}
