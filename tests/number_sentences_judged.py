"""`SENTENCES` of comparisons, calibration, thresholds, subgroups, claims and checklists."""

import re
from collections import Counter
from itertools import combinations

from number_places import METRICS, arm_of, metric, protocol_of, score, where

LABELS = {name: label for label, name in METRICS.items()}
CONSTANTS = {
    r"resamples beyond 0": "a difference of nothing",
    r"above 1, the network was too sure": "the temperature that changes nothing",
    r"from 0[.]01 to 100": "where calibration.fit_temperature looks",
    r"Brier score from 0 to 2": "the range of the score",
    r"at temperature 1[.]": "the temperature that changes nothing",
    r"[aA]bove 80 % sensitivity|more than 80 % sensitivity": "the sensitivity of ISIC's auc_sens_80",
    r"1 is perfect, 0[.]18 is chance": "the ends of auc_sens_80",
    r"threshold that keeps 90 % sensitivity": "detection.MARKED, the threshold that figures show",
    r"smaller than what the test finds with 80 % power": "comparisons.detectable.POWER",
}


def records_of(results, place):
    return [record for record in results["comparisons"] if record["paper"] == place.paper]


def family_sizes(results, place, found):
    said = {protocol_of(name): int(n) for name, n in re.findall(r"([a-z][a-z -]*) (\d+)", found["families"])}
    return said == {record["protocol"]: record["family_size"] for record in records_of(results, place)}


def seeds_limit(results, place, found):
    return next(
        (
            (record["n_seeds"], record["smallest_sign_flip_p"])
            for record in records_of(results, place)
            if record["n_seeds"] == int(found["seeds"])
        ),
        None,
    )


def first_of(*keys):
    """The values of one paper's first comparison: they hold for all of its family."""
    return lambda results, place, _: tuple(records_of(results, place)[0][key] for key in keys)


def family(results, place, found):
    records = [
        record
        for record in records_of(results, place)
        if record["protocol"] == protocol_of(found["protocol"]) and record["conclusion"] != "undefined"
    ]
    shown = sum(record["p_holm"] <= record["error_rate"] for record in records)
    ends = sorted(record["detectable_difference"] for record in records if record["detectable_difference"])
    if not ends:
        return shown, records[0]["family_size"]
    least = (ends[0],) if found["to"] is None else (ends[0], ends[-1])
    return shown, records[0]["family_size"], *least, records[0]["power"]


def claim_counts(results, place, found):
    counts = Counter(claim["verdict"] for claim in place.of(results["claims"]))
    said = {words: int(n) for n, words in re.findall(r"(\d+) ([a-z ]+)", found["counts"])}
    assert said == counts
    return (counts.total(),)


def pointing(results, place, found):
    ways = Counter(claim["points"] for claim in place.of(results["claims"]) if claim["points"])
    said = re.findall(r"(\d+) (?:point )?(the [a-z ]+?)(?= and|$)", found["ways"])
    assert {way: int(n) for n, way in said} == ways
    return (ways.total(),)


def claim_shown(results, place, found):
    """Whether a claim has these counts and this weakest comparison under some protocol."""
    counts = [int(found[name]) for name in ("holds", "claimed")] + [int(found["refuted"] or 0)]
    return any(
        under["shown"]
        and counts == [under["shown"][key] for key in ("holds", "claimed", "refuted")]
        and found["weakest"] == weakest_words(results["papers"][claim["paper"]]["arms"], under)
        for claim in results["claims"]
        for under in claim["under"]
    )


def weakest_words(arms, under):
    of = under["of"]
    joint = " over " if under["unit"] == "ratio" else " minus "
    sides = joint.join(arms[of[side]]["label"] for side in ("arm", "other") if side in of)
    return f"{sides}, {LABELS[of['metric']]}"


def outcomes(results, place, found):
    counts = Counter(check["outcome"] for check in results["checks"])
    return len(results["checks"]), counts["pass"], counts["warn"], counts["fail"]


def answers(results, place, found):
    items = where(results["checklists"], name=place.name.removeprefix("table-checklist-"))["items"]
    said = {words: int(n) for n, words in re.findall(r"(\d+) ([a-z ]+)", found["counts"])}
    assert said == Counter(item["answer"] for item in items)
    return (len(items),)


def crossings(results, place, found):
    """Pairs of distilled students of one teacher, and those of which the more faithful is less accurate."""
    pairs = [
        (accuracy(results, one) - accuracy(results, other)) * (one["agreement"] - other["agreement"])
        for one, other in combinations(results["fidelity"], 2)
        if all(one[key] == other[key] for key in ("paper", "protocol", "teacher"))
        and all(is_distilled(results, record) for record in (one, other))
    ]
    return sum(product < 0 for product in pairs), len(pairs)


def is_distilled(results, record):
    return results["papers"][record["paper"]]["arms"][record["arm"]]["role"] == "distilled"


def accuracy(results, record):
    return metric(results, record["paper"], record["protocol"], record["arm"], "accuracy")["value"]


def injected(results, place, found):
    arm = arm_of(results, place.paper, found["arm"])
    about = where(results["audits"][place.paper]["injections"], arm=arm)
    record = where(where(about["reaches"], reach="all")["metrics"], metric="balanced_accuracy")
    assert bool(found["unclear"]) == (record["low"] <= 0 <= record["high"])
    return record["value"], record["low"], record["high"]


def score_at(results, place, found, protocol=None):
    arm = arm_of(results, place.paper, found["arm"])
    return score(results, place.paper, protocol or protocol_of(found["protocol"]), arm)


def calibrated(results, place, found):
    record = score_at(results, place, found)["calibration"]
    errors = [
        record[side]["expected_calibration_error"]["value"] for side in ("before", "after") if record[side]
    ]
    return (*errors, record["temperature"])


def operated(results, place, found):
    points = score_at(results, place, found, place.protocol)["operating_points"]["points"]
    test = where(points, of="sensitivity", at=0.9)["test"]
    return test["sensitivity"]["value"], test["specificity"]["value"]


def extremes(results, place, found):
    groups = score_at(results, place, found)["subgroups"]["groups"]
    shown = {
        f"{group['by']}: {group['group']}": group["accuracy"]["value"]
        for group in groups
        if group["accuracy"]["value"] is not None
    }
    assert shown[found["least"]] == min(shown.values())
    assert shown[found["most"]] == max(shown.values())
    return shown[found["least"]], shown[found["most"]]


def changes(results, place, found):
    return (sum(record["n"] for record in results["deviations"]),)


def trained(results, place, found):
    """How many arms' training was estimated, of how many, and their sum."""
    estimates = [record["training_wh"] for record in results["energy"]]
    known = [value for value in estimates if value is not None]
    return len(known), len(estimates), sum(known)


def known(key, inner):
    """A number that all records of a paper share."""
    return lambda results, place, _: (next(s[key][inner] for s in place.of(results["scores"]) if s.get(key)),)


SENTENCES = {
    "at least <n>[.] p, Holm": first_of("smallest_p"),
    "under one protocol \\((?P<families>[^)]*)\\)": family_sizes,
    "drawn from it at <n>": first_of("error_rate"),
    "found with <n> power, at <n> shared by the family": first_of("power", "error_rate"),
    "(?P<number99>(?P<seeds>\\d+)) seeds? cannot give less than <n>": seeds_limit,
    "<n> of <n> arms? differs? from the baseline \\(<protocol>(?:, where <p>(?P<to> to <p>)? pp would "
    "be found with <n> power)?\\)": family,
    "Of <n> claims?: (?P<counts>[^.]*)": claim_counts,
    "Of the <n> that were run, (?P<ways>[^.]*)": pointing,
    "(?P<holds>\\d+) of (?P<claimed>\\d+) shown(?:, (?P<refuted>\\d+) refuted)?; weakest: "
    "(?P<weakest>[^;]*?)[.]?$": claim_shown,
    "<n> claims?[.] Of the comparisons": lambda results, *_: (len(results["claims"]),),
    "<n> checks?, computed from results.json alone: <n> pass, <n> warn, <n> fail": outcomes,
    "<n> items?: (?P<counts>[^.]*)": answers,
    "in <n> of <n> pairs? of distilled students": crossings,
    "(?<=; |: )<arm> <n> \\[<p>, <p>\\](?P<unclear>, not to be told from no change)?(?=; |\\.$)": injected,
    "<arm>, <protocol>: calibration error <n>, after scaling (?:<n> at temperature <n>)?": calibrated,
    "<arm>, operating point: sensitivity <n>, specificity <n>": operated,
    "<arm>, <protocol>: accuracy from <n> \\((?P<least>[^)]*)\\) to <n> \\((?P<most>[^)]*)\\)": extremes,
    "<n> changes? of settings": changes,
    "Training of <n> of <n> arms?: <n> Wh": trained,
    "over <n> bins": known("calibration", "bins"),
    "fewer than <n> images are counted": known("subgroups", "fewest_images"),
    "a recall needs <n> images": known("subgroups", "fewest_of_class"),
}
