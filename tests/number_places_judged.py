"""`KINDS` of the tables that judge: comparisons, calibration, thresholds, subgroups, claims, checklists."""

from number_places import (
    PAPER,
    Expected,
    arm_of,
    estimate,
    metric,
    one,
    paper_of,
    protocol_of,
    score,
    strings_alone,
    verbatim,
    where,
    words_of,
)

GROUPS = {"Sex": "sex", "Age, years": "age", "Site": "site", "Source": "source"}


def record_of(results, found, row):
    """The comparison of a row's arm with its baseline."""
    arm = arm_of(results, found["paper"], row["arm"])
    place = {"paper": found["paper"], "protocol": protocol_of(row["protocol"]), "arm": arm}
    return where(results["comparisons"], **place)


def comparisons(results, found, row, key):
    record = record_of(results, found, row)
    if key == "conclusion":
        return verbatim(row[key], record[key].replace("undefined", "none"))
    if key == "difference":
        return estimate(record | {"value": record["difference"]})
    return one(record[key]) if key not in ("protocol", "arm") else None


def secondary(results, found, row, key):
    record = record_of(results, found, row)
    if key in ("accuracy", "auc"):
        return estimate(record[key])
    if key in ("accuracy_p", "auc_p"):
        return one(record[key.removesuffix("_p")]["p"])
    test = record.get(key)
    if not isinstance(test, dict):
        return None
    if key.startswith("delong"):
        return one(test["p_holm"])
    return one(test["median_p"], *([test["largest_p"]] if test["models"] > 1 else []))


def areas(results, found, row, key):
    own = score(
        results, found["paper"], protocol_of(row["protocol"]), arm_of(results, found["paper"], row["arm"])
    )
    record = where(own["differences"], metric="auc", **{"class": row["class"]})
    test = record["delong_ignoring_lesions"] or {}
    if key == "difference":
        return estimate(record)
    if key == "models":
        return one(test.get("models", 0))
    return one(test.get(key)) if key.endswith("_p") else None


def score_in(results, found, row):
    arm = arm_of(results, found["paper"], row["arm"])
    return score(results, found["paper"], protocol_of(row["protocol"]), arm)


def calibration(results, found, row, key):
    record = score_in(results, found, row).get("calibration")
    if record is None or key in ("arm", "protocol"):
        return None
    if key == "temperature":
        return one(record["temperature"])
    name, _, side = key.rpartition("_")
    own = (record[side] or {}).get(name)
    if own is None:
        return None
    held = (own["low_if_calibrated"], own["high_if_calibrated"]) if "low_if_calibrated" in own else ()
    return estimate({"low": None, "high": None} | own, *held)


def operating(results, found, row, key):
    own = score_in(results, found, row)
    record = own.get("operating_points")
    if record is None or record["reason"] or key in ("arm", "protocol"):
        return None
    if key == "auc":
        return estimate(where(own["metrics"], metric="auc", **{"class": record["class"]}))
    if key == "auc_sens_80":
        return estimate(record[key])
    read, _, wanted = key.partition("_at_")
    of, _, at = wanted.partition("_")
    return estimate(where(record["points"], of=of, at=float(at), read=read)["on_test_curve"])


def thresholds(results, found, row, key):
    if row["wanted"] == "any" or key in ("arm", "protocol"):
        return None
    of, at = row["wanted"].split()
    point = where(score_in(results, found, row)["operating_points"]["points"], of=of, at=float(at))
    if key == "wanted":
        return words_of(point["at"])
    if key == "threshold":
        chosen = point["thresholds"]
        return one(point[key], *((len(chosen), min(chosen), max(chosen)) if len(chosen) > 1 else ()))
    part, _, side = key.partition("_")
    return one(point[part][side]) if part == "validation" else estimate(point[part][side])


def subgroups(results, found, row, key):
    if row["by"] == "any" or key in ("arm", "by", "group"):
        return None
    protocol, _, label = row["arm"].partition(", ")
    own = score(results, found["paper"], protocol_of(protocol), arm_of(results, found["paper"], label))
    group = where(own["subgroups"]["groups"], by=GROUPS[row["by"]], group=row["group"])
    if key in ("images", "lesions"):
        return one(group[key])
    return one(len(group[key])) if key == "classes" else estimate(group[key])


def claims(results, found, row, key):
    paper = paper_of(results, row["paper"])
    claim = where(
        results["claims"], paper=paper, claim=row["claim"], place=row["place"], tested=row["tested"]
    )
    if key == "verdict":
        return verbatim(row[key].split(" ", 1)[1], claim[key])
    return estimate(where(claim["under"], protocol=key)) if key in results["protocols"] else None


def checklists(results, found, row, key):
    about = where(results["checklists"], name=found["checklist"])
    item = where(about["items"], number=row["number"], item=row["item"])
    return verbatim(row[key], str(item[key]))


def fidelity(results, found, row, key):
    paper, protocol = paper_of(results, row["paper"]), protocol_of(row["protocol"])
    arm, teacher = (arm_of(results, paper, row[side]) for side in ("arm", "teacher"))
    record = where(results["fidelity"], paper=paper, protocol=protocol, arm=arm, teacher=teacher)
    sides = {"accuracy": arm, "teacher_accuracy": teacher}
    if key == "agreement":
        return estimate(record | {"value": record[key]})
    if key == "divergence":
        return one(record["divergence_nats"])
    if key not in sides:
        return None
    own = metric(results, paper, protocol, sides[key], "accuracy")
    return Expected(own["value"]) if own and own["value"] is not None else None


def deviations(results, found, row, key):
    if key in ("paper", "under"):
        return None
    paper = paper_of(results, row["paper"])
    same = [record for record in results["deviations"] if record["paper"] == paper]
    return verbatim(row[key], *(record[key] for record in same if record["what"] == row["what"]))


def energy(results, found, row, key):
    paper, protocol = paper_of(results, row["paper"]), protocol_of(row["protocol"])
    place = {"paper": paper, "protocol": protocol, "arm": arm_of(results, paper, row["arm"])}
    record = where(results["energy"], **place)
    network = next(n for n in results["networks"] if place.items() <= n.items())
    if key in ("parameters", "gmacs"):
        macs = network["macs"]
        return one(network["parameters"] if key == "parameters" else macs and macs / 1e9)
    if key in ("paper", "protocol", "arm"):
        return None
    return one(record["n_runs"] if key == "runs" else record[key])


KINDS = {
    f"{PAPER}-comparisons": comparisons,
    f"{PAPER}-secondary": secondary,
    f"{PAPER}-areas": areas,
    f"{PAPER}-calibration": calibration,
    f"{PAPER}-operating": operating,
    f"{PAPER}-thresholds(-all)?": thresholds,
    f"{PAPER}-subgroups(-all)?": subgroups,
    "claims": claims,
    "checklist-(?P<checklist>.+)": checklists,
    "fidelity": fidelity,
    "checks": strings_alone,
    "deviations": deviations,
    "energy": energy,
}
