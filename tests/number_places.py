"""Where in results.json each number of each table stands, without the code that made the table.

A new table needs a line in `KINDS`: its name as a pattern, and a function `(results, found, row, key)` that
returns what stands in the cell of a row (its words by column) and a column, as `Expected` or None for "no
number". `found` is the match of the name; its group `paper` is the paper's name. `one(value)` is a number,
`estimate(record)` one with its interval; `below` are further numbers in the cell's words or smaller lines.
"""

import re
from dataclasses import dataclass
from statistics import fmean

from skinkd.lookups import RELATIVES
from skinkd.quantities import QUANTITIES

METRICS = {quantity.label: name for name, quantity in QUANTITIES.items()}
CONTRASTS = {"leakage": ("as_published", "leak_free"), "fidelity": ("as_coded", "as_published")}
FACTS = {
    **{"trainable_parameters": ("parameters", 1), "gmacs": ("macs", 1e-9), "model_size_mb": ("size_mb", 1)},
    **{key: (key, 1) for key in ("training_runtime_s", "prediction_runtime_s", "inference_step_ms")},
}
HEADLINE = "balanced_accuracy"


@dataclass(frozen=True)
class Expected:
    """What stands in a cell: its value and interval, and more numbers in its words and below them."""

    value: float | None
    low: float | None = None
    high: float | None = None
    below: tuple | None = ()


def one(value, *below):
    """A number alone, or none."""
    return None if value is None else Expected(value, below=below)


def words_of(*values):
    """Numbers within words."""
    return Expected(None, below=values)


def verbatim(words, *known):
    """Words that were compared as a whole, whatever numbers they have."""
    assert words in known, f"{words} is none of {known}"
    return Expected(None, below=None)


def estimate(record, *below):
    """A record `{value, low, high}`; no number where it has none."""
    if not record or record["value"] is None:
        return words_of(*below) if below else None
    ends = (record["low"], record["high"])
    return Expected(record["value"], *((None, None) if None in ends else ends), below=below)


_GROUPED = {}


def grouped(records, keys):
    """Lists of records by their values of some keys: made once for each list, which lives on with them."""
    held, groups = _GROUPED.get((id(records), len(records), keys), (None, {}))
    if held is not records:
        for record in records:
            groups.setdefault(tuple(record.get(key) for key in keys), []).append(record)
        _GROUPED[id(records), len(records), keys] = records, groups
    return groups


def matching(records, **wanted):
    """The records with these values, in order."""
    if isinstance(records, list) and len(records) > 20:
        return grouped(records, tuple(wanted)).get(tuple(wanted.values()), [])
    return [r for r in records if all(r.get(key) == value for key, value in wanted.items())]


def where(records, **wanted):
    """The one record with these values, or None."""
    found = matching(records, **wanted)
    assert len(found) < 2, f"{len(found)} records are {wanted}"
    return found[0] if found else None


def protocol_of(words):
    return words.lower().replace(" ", "_").replace("-", "_")


def paper_of(results, label):
    return next(name for name, about in results["papers"].items() if about["label"] == label)


def arm_of(results, paper, label):
    return next(name for name, about in results["papers"][paper]["arms"].items() if about["label"] == label)


def metric_of(words):
    """Metric and class of a label such as `Recall, MEL`."""
    if words in METRICS:
        return METRICS[words], ""
    label, _, of_class = words.rpartition(", ")
    return METRICS[label], of_class


def score(results, paper, protocol, arm):
    return where(results["scores"], paper=paper, protocol=protocol, arm=arm)


def metric(results, paper, protocol, arm, name=HEADLINE, of_class="", part="metrics"):
    found = score(results, paper, protocol, arm)
    return where(found[part], metric=name, **{"class": of_class}) if found else None


def difference(results, paper, protocol, arm, name=HEADLINE):
    return metric(results, paper, protocol, arm, name, part="differences")


def value_of(record):
    return record["value"] if record else None


def minus(one_value, other):
    return None if None in (one_value, other) else one_value - other


def baseline_of(results, paper):
    """The student alone that the newest or controlled arms of a paper stand against."""
    arms = results["papers"][paper]["arms"].values()
    return [arm["baseline"] for arm in arms if arm["control"] or arm["family"]][-1]


def published_cell(results, found, row, key):
    paper = paper_of(results, row["paper"])
    arm = arm_of(results, paper, row["arm"])
    name, of_class = metric_of(row["metric"])
    place = {"paper": paper, "arm": arm, "protocol": protocol_of(row["protocol"]), "metric": name}
    table = "" if row["table"] == "none" else row["table"]
    cell = where(results["cells"], **place, table=table, **{"class": of_class})
    theirs, ours = cell["published"], cell["reproduced"]
    if key == "delta":
        if QUANTITIES[name].unit == "share":
            return one(minus(ours, theirs))
        return None if None in (ours, theirs) or not theirs else words_of(ours / theirs)
    if key == "reproduced":
        return estimate({"value": ours, "low": cell["low"], "high": cell["high"]})
    if key in ("verdict", "why"):
        assert row[key].endswith(cell["verdict" if key == "verdict" else "reason"])
    return {"published": one(theirs), "seeds": one(cell["n_seeds"])}.get(key)


def printed(results, found, row, key):
    if key in ("protocol", "arm"):
        return None
    arm = arm_of(results, found["paper"], row["arm"])
    place = {"paper": found["paper"], "protocol": protocol_of(row["protocol"]), "arm": arm}
    mine = matching(results["cells"], **place)
    mine = [c for c in mine if re.sub(r"[^a-z0-9_]+", "-", c["table"].lower()) == found["table"]]
    name = [c for c in mine if f"{c['class'].lower()}-{c['metric']}".strip("-") == key]
    if not name:
        return None
    [cell] = name
    below = () if cell["published"] is None else (cell["published"],)
    return estimate({"value": cell["reproduced"], "low": cell["low"], "high": cell["high"]}, *below)


def everything(results, found, row, key):
    arm, protocol = arm_of(results, found["paper"], row["arm"]), protocol_of(row["protocol"])
    name, of_class = metric_of(row["metric"])
    place = (results, found["paper"], protocol, arm, name, of_class)
    if key == "published":
        mine = {"paper": found["paper"], "protocol": protocol, "arm": arm, "metric": name, "class": of_class}
        values = {c["published"] for c in results["cells"] if all(c[k] == v for k, v in mine.items())}
        return one(values.pop() if values else None)
    return (
        estimate(metric(*place, part={"test": "metrics"}.get(key, key)))
        if key in ("test", "everything")
        else None
    )


def summary(results, found, row, key):
    label = row["arm"].removesuffix(" minus student alone")
    if key == "arm":
        return None
    if label != row["arm"]:
        return estimate(difference(results, found["paper"], key, arm_of(results, found["paper"], label)))
    arm = arm_of(results, found["paper"], label.partition(": ")[2])
    return estimate(metric(results, found["paper"], key, arm))


def contrast(results, paper, arm, name, key):
    sides = (value_of(metric(results, paper, protocol, arm, name)) for protocol in CONTRASTS[key])
    return minus(*sides)


def protocols(results, found, row, key):
    if key in ("arm", "metric"):
        return None
    arm, (name, _) = arm_of(results, found["paper"], row["arm"]), metric_of(row["metric"])
    if key in CONTRASTS:
        return one(contrast(results, found["paper"], arm, name, key))
    return estimate(metric(results, found["paper"], key, arm, name))


def study_protocols(results, found, row, key):
    if key == "paper":
        return None
    paper, name = paper_of(results, row["paper"]), key.removesuffix("_arms")
    values = [
        contrast(results, paper, arm, HEADLINE, name)
        for arm, about in results["papers"][paper]["arms"].items()
        if name == "fidelity" or about["losses"].get("as_published") == about["losses"].get("leak_free")
    ]
    values = [value for value in values if value is not None]
    if key != name:
        return one(len(values))
    return one(fmean(values), min(values), max(values)) if values else None


def against_baseline(results, found, row, key):
    if key in ("arm", "is"):
        return None
    paper = found["paper"]
    arm = arm_of(results, paper, row["arm"])
    own, paired = metric(results, paper, key, arm), difference(results, paper, key, arm)
    if paired and own["value"] is not None and None not in (paired["value"], paired["low"], paired["high"]):
        return estimate(own, paired["value"], paired["low"], paired["high"])
    baseline = baseline_of(results, paper)
    other = minus(value_of(own), value_of(metric(results, paper, key, baseline)))
    return estimate(own, *([other] if other is not None and arm != baseline else []))


def scores(results, found, row, key):
    if key in ("arm", "protocol"):
        return None
    place = results, found["paper"], protocol_of(row["protocol"]), arm_of(results, found["paper"], row["arm"])
    if key == "seeds":
        return one(score(*place)["n_seeds"] if score(*place) else 0)
    if key == "seed_sd":
        return one((metric(*place) or {}).get("seed_sd"))
    return noted(metric(*place, key))


def noted(record):
    """A score beside which its own note stands, which may have numbers of its own."""
    return estimate(record)


def differences(results, found, row, key):
    if key in ("arm", "protocol"):
        return None
    arm = arm_of(results, found["paper"], row["arm"])
    return estimate(difference(results, found["paper"], protocol_of(row["protocol"]), arm, key))


def recalls(results, found, row, key):
    if key in ("arm", "protocol"):
        return None
    arm = arm_of(results, found["paper"], row["arm"])
    return estimate(metric(results, found["paper"], protocol_of(row["protocol"]), arm, "recall", key))


def classes(results, found, row, key):
    if key in ("class", "arm"):
        return None
    place = results, found["paper"], found["protocol"], arm_of(results, found["paper"], row["arm"])
    if key in ("images", "lesions"):
        return one(score(*place)["support"][row["class"]][key])
    return estimate(metric(*place, key, row["class"]))


def networks(results, found, row, key):
    place = {"paper": found["paper"], "protocol": protocol_of(row["protocol"])}
    place["arm"] = arm_of(results, found["paper"], row["arm"])
    runs = [run for run in results["networks"] if all(run[k] == v for k, v in place.items())]
    if key in FACTS:
        name, factor = FACTS[key]
        values = [run[name] for run in runs]
        return one(None if None in values else fmean(values) * factor)
    epochs = [run["diverged_epoch"] for run in runs if run["diverged_epoch"]]
    return {
        "images": one(runs[0]["prediction_images"]),
        "diverged": one(min(epochs, default=None)),
    }.get(key)


def terms(results, found, row, key):
    if key not in ("weight", "value", "share"):
        return None
    paper = paper_of(results, row["paper"])
    place = {
        "paper": paper,
        "protocol": protocol_of(row["protocol"]),
        "arm": arm_of(results, paper, row["arm"]),
    }
    runs = [
        run for run in results["training"] if all(run[k] == v for k, v in place.items()) and run["epochs"]
    ]
    mine = [where(run["terms"], name=row["term"].replace(" ", "_")) for run in runs]
    if key == "weight":
        return one(mine[0]["weight"])
    name = {"value": "value", "share": "gradient"}[key]
    return one(fmean(value for term in mine for value in term[name]))


def arms(results, found, row, key):
    about = where(results["papers"][found["paper"]]["arms"].values(), label=row["arm"])
    return one(about["parameters"]) if key == "parameters" else None


def first_split(results, paper, protocol):
    mine = [s for s in results["splits"] if (s["paper"], s["protocol"]) == (paper, protocol)]
    return min(mine, key=lambda split: split["fold"])


def data(results, found, row, key):
    part, _, unit = key.rpartition("_")
    if not part:
        return None
    counts = first_split(results, found["paper"], protocol_of(row["protocol"]))["counts"]
    return one(counts.get(part, {}).get(row["class"], {}).get(unit.replace("lesions", "groups"), 0))


def leakage(results, found, row, key):
    if key in ("protocol", "class"):
        return None
    leaked = first_split(results, found["paper"], protocol_of(row["protocol"]))["leakage"]
    if row["class"] == "All":
        return one(leaked["test_images_sharing_a_lesion" if key == "sharing" else key])
    return one(leaked["by_class"][row["class"]][key])


def links(results, found, row, key):
    if key in ("protocol", "relative"):
        return None
    audit, protocol = results["audits"][found["paper"]], protocol_of(row["protocol"])
    kind = {label: name for name, label in RELATIVES.items()}[row["relative"]]
    if key == "predicted":
        files = [file[kind] for file in audit["predictions"] if file["protocol"] == protocol and kind in file]
        return one(max(files, default=None))
    splits = [split for split in audit["splits"] if split["protocol"] == protocol]
    split = min(splits, key=lambda split: split["fold"])
    link = where(split["links"], kind=kind)
    return one(link["train"] / split["test_images"] if key == "share" else link[key])


def injection(results, found, row, key):
    paper = found["paper"]
    arm = arm_of(results, paper, row["arm"])
    about = where(results["audits"][paper]["injections"], arm=arm)
    if row["images"] == "none" or key in ("arm", "metric"):
        return None
    name = "with_sibling" if row["images"].endswith("with a sibling in training") else "all"
    reach = where(about["reaches"], reach=name)
    if key == "images":
        return words_of(reach["n_images"], reach["n_lesions"])
    record = where(reach["metrics"], metric=metric_of(row["metric"])[0])
    return estimate(record) if key == "difference" else one(record[key])


def corrected(results, found, row, key):
    record = results["pictures"][found["stem"]]
    return one(record[key][row["true"]][row["taken for"]]) if key in ("corrected", "spoiled") else None


def cost(results, found, row, key):
    return None if key == "rule" else one(where(results["cost"], rule=row["rule"])[key])


def strings_alone(results, found, row, key):
    """A table of words: each stands in results.json as it is."""
    return None


def assumptions(results, found, row, key):
    """The decision and its line in the code."""
    if key == "text":
        return None
    return verbatim(
        row[key], *(f"{a['file']}:{a['line']}" for a in results["assumptions"] if a["text"] == row["text"])
    )


def provenance(results, found, row, key):
    """Facts in words: the numbers among them are those of the provenance and of the archives."""
    made = results["provenance"]
    if row["fact"] == "Versions" and key == "value":
        return verbatim(
            row[key], ", ".join(f"{name} {made['versions'][name]}" for name in sorted(made["versions"]))
        )
    if row["fact"] == "Restarts" and key == "value":
        known = [run["restarts"] for run in made["runs"] if run["restarts"] is not None]
        return words_of(sum(n > 0 for n in known), len(made["runs"]), sum(known)) if known else None
    if row["fact"].startswith("Data: ") and key == "value":
        source = where(results["data"]["sources"].values(), source=row["fact"].removeprefix("Data: "))
        return words_of(source["n_images"], source["size_px"])
    if row["fact"].startswith("Uncommitted") and key == "value":
        return words_of(len(made["diff"]["untracked"])) if made["diff"]["untracked"] else None
    named = {"Hardware": made["hardware"], "Computing": made["computing"], "Seeds": made["seeds"]}
    if row["fact"] in named and key == "value":
        found = [value for value in flat(list(named[row["fact"]].values())) if type(value) in (int, float)]
        return words_of(*found)
    return words_of(made["threads"]) if row["fact"] == "Threads" and key == "value" else None


def flat(value):
    """All values of a record, in order."""
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in flat(inner)]
    return [leaf for inner in value for leaf in flat(inner)] if isinstance(value, list) else [value]


def run_files(results, found, row, key):
    if key not in ("fold", "seed", "restarts"):
        return None
    paper = paper_of(results, row["paper"])
    place = {
        "paper": paper,
        "arm": arm_of(results, paper, row["arm"]),
        "protocol": protocol_of(row["protocol"]),
    }
    run = where(results["provenance"]["runs"], **place, fold=int(row["fold"]), seed=int(row["seed"]))
    return None if run[key] is None else words_of(run[key])


PAPER = r"(?P<paper>[a-z0-9_]+)"
KINDS = {
    "general|cells": published_cell,
    f"{PAPER}-as-printed-(?P<table>.+)": printed,
    f"{PAPER}-everything": everything,
    f"{PAPER}-summary": summary,
    "protocols": study_protocols,
    f"{PAPER}-protocols": protocols,
    f"{PAPER}-(controls|beyond)": against_baseline,
    f"{PAPER}-scores": scores,
    f"{PAPER}-differences": differences,
    f"{PAPER}-recalls": recalls,
    f"{PAPER}-(?P<protocol>[a-z_]+)-classes": classes,
    f"{PAPER}-networks": networks,
    f"({PAPER}-terms|inert)": terms,
    f"{PAPER}-arms": arms,
    f"{PAPER}-data": data,
    f"{PAPER}-leakage": leakage,
    f"{PAPER}-links": links,
    f"{PAPER}-injection": injection,
    "(?P<stem>.+)-corrected": corrected,
    "cost": cost,
    "provenance": provenance,
    "files": run_files,
    "assumptions": assumptions,
    "plausibility|missing": strings_alone,
}
