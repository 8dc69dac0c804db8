"""Where each number within a sentence of the report comes from: worked out anew from results.json.

A new sentence with numbers needs a line in `SENTENCES`: a pattern, and a function `(results, place, found)`
that returns the values of its `<n>` in order, unrounded. `<p>` is a number in percentage points without the
unit. `<arm>`, `<metric>` and `<protocol>` stand for any name of the study. What is no number of the study
at all stands in `CONSTANTS` with its reason.
"""

import re
from collections import Counter
from functools import lru_cache
from statistics import fmean

from number_places import (
    METRICS,
    arm_of,
    difference,
    first_split,
    matching,
    metric,
    paper_of,
    protocol_of,
    score,
    where,
)
from number_sentences_judged import CONSTANTS as CONSTANTS_OF_JUDGEMENT
from number_sentences_judged import SENTENCES as SENTENCES_OF_JUDGEMENT
from report_page import numbers_in

CONSTANTS = {
    r"[Aa]n interval without 0 ": "a difference of nothing",
    r"the interval contains 0": "a difference of nothing",
    r"in 10⁹": "a unit",
    r" of 64 bits": "the length of a hash",
    r"(?:below|less than) 1 %(?=,| of the gradient)": "INERT_SHARE, below which a term is said to do nothing",
    r"\(26,560 in ResNet50\)": "what Keras counts more, from the papers' code",
    r"sha256 [0-9a-f]{64}": "the digest of results.json, which cannot stand in it",
}
INERT = 0.01
DIGITS = r"[+−]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[+−]?\d+)?"
ANY = rf"(?:\d+ h \d+ min|\d+ min \d+ s|{DIGITS} s(?!\w)|{DIGITS}(?![\d.,]*\d)(?: ?%| pp)?)"


class Place:
    """Where a sentence stands: its paper, its protocol, its figure or table; empty where it has none."""

    def __init__(self, results, name, page):
        self.page = page
        kind, _, rest = name.partition("-")
        known = [p for p in results["papers"] if rest == p or rest.startswith(f"{p}-")]
        self.name, self.rest = name, rest
        self.paper = known[0] if known and kind != "picture" else ""
        after = rest.removeprefix(f"{self.paper}-")
        protocols = [p for p in results["protocols"] if after.startswith(f"{p}-")]
        self.protocol = protocols[0] if protocols else ""

    def of(self, records):
        """The records of this paper; of all papers where the place is of none."""
        return [record for record in records if self.paper in ("", record["paper"])]


def shown_all(words, values, factor=1):
    """Whether the different numbers in some words are these values."""
    numbers = numbers_in(words, factor)
    values = sorted(set(values))
    return len(numbers) == len(values) and all(
        n.shows(v) for n, v in zip(sorted(numbers, key=lambda n: n.value), values, strict=True)
    )


def resampling(results, place, found):
    scores = place.of(results["scores"])
    return all(
        shown_all(found[name], [score[key] for score in scores])
        for name, key in (("levels", "confidence"), ("resamples", "resamples"), ("seeds", "n_seeds"))
    )


def tested(results, place, found):
    for arm in results["papers"][place.paper]["arms"]:
        if first := score(results, place.paper, protocol_of(found["protocol"]), arm):
            return first["n_images"], first["n_lesions"]
    return None


def leaked(results, place, found):
    split = first_split(results, place.paper, protocol_of(found["protocol"]))["leakage"]
    return split["test_images_sharing_a_lesion"], split["test_images"], split["share"]


def changed(results, place, found):
    arm = arm_of(results, place.paper, found["arm"])
    record = difference(results, place.paper, protocol_of(found["protocol"]), arm)
    better = {"better": record["low"] > 0, "worse": record["high"] < 0}
    meaning = next((word for word, holds in better.items() if holds), "not to be told")
    assert found["meaning"].startswith(meaning)
    assert all(number.value == 0 for number in numbers_in(found["meaning"]))
    return record["value"], record["low"], record["high"]


def own_differences(results, place, protocol):
    for arm, about in results["papers"][place.paper]["arms"].items():
        if about["role"] == "distilled" and not about["control"] and about["family"] != "beyond":
            record = difference(results, place.paper, protocol, arm)
            if record and None not in (record["value"], record["low"], record["high"]):
                yield record


def compared(results, place, found):
    records = list(own_differences(results, place, protocol_of(found["protocol"])))
    better, worse = sum(r["low"] > 0 for r in records), sum(r["high"] < 0 for r in records)
    return len(records), better, worse, len(records) - better - worse


def terms(results, papers):
    """Paper, protocol, arm, soft, value and share of each term of each loss of several."""
    runs = {}
    for run in results["training"]:
        if run["epochs"] and len(run["terms"]) > 1 and run["paper"] in papers:
            runs.setdefault((run["paper"], run["protocol"], run["arm"]), []).append(run)
    for place, mine in runs.items():
        for terms in zip(*(run["terms"] for run in mine), strict=True):
            value, share = (fmean(v for term in terms for v in term[key]) for key in ("value", "gradient"))
            yield (*place, terms[0]["soft"], value, share)


def inert(results, place, found):
    counts = Counter(t[1] for t in terms(results, [place.paper]) if t[-1] < INERT)
    said = re.findall(r"([a-z][a-z -]*) (\d+)", found["by"])
    assert {protocol_of(protocol): int(n) for protocol, n in said} == counts
    return (counts.total(),)


def all_inert(results, place, found):
    known = list(terms(results, results["papers"]))
    return sum(term[-1] < INERT for term in known), len(known)


def soft_terms(results, place, found):
    paper = paper_of(results, found["paper"])
    mine = [
        t for t in terms(results, [paper]) if t[1:3] == ("as_coded", arm_of(results, paper, found["arm"]))
    ]
    soft = [t for t in mine if t[3]]
    return sum(t[4] for t in soft), sum(t[4] for t in mine), sum(t[5] for t in soft)


def checks(results, place, found):
    counts = Counter(record["verdict"] for record in place.of(results["plausibility"]))
    said = {
        "find what is impossible": "impossible",
        "find a contradiction": "contradicts",
        "find what the numbers do not carry": "unlikely",
        "find nothing": "consistent",
    }
    clauses = re.findall(r"(\d+) ([a-z ]+)", found["counts"])
    assert {said[words]: int(n) for n, words in clauses} == counts
    return (counts.total(),)


def verdicts(results, place, protocol):
    """How many printed values have each verdict; one that several tables print counts once."""
    keys = ("arm", "class", "metric", "published")
    mine = [c for c in place.of(results["cells"]) if c["table"] and c["published"] is not None]
    first = {}
    for cell in mine:
        if cell["protocol"] == protocol:
            first.setdefault(tuple(cell[key] for key in keys), cell["verdict"])
    return Counter(first.values())


def chips(results, place, found):
    said = {words.strip(): int(n) for n, words in re.findall(r"(\d+) ([a-z ]+)", found["counts"])}
    return said == verdicts(results, place, protocol_of(found["protocol"]))


def judged(results, place, found):
    counts = verdicts(results, place, protocol_of(found["protocol"]))
    others = {words.strip(): int(n) for n, words in re.findall(r"(\d+) ([a-z ]+)", found["others"])}
    assert others == {word: n for word, n in counts.items() if word != "reproduced"}
    return counts["reproduced"], counts.total()


def printed_and_here(results, place, found):
    wanted = {"paper": place.paper, "protocol": protocol_of(found["protocol"]), "class": ""}
    wanted |= {"arm": arm_of(results, place.paper, found["arm"]), "metric": METRICS[found["metric"]]}
    pairs = [(c["published"], c["reproduced"]) for c in matching(results["cells"], **wanted)]
    return next((pair for pair in pairs if shows(found, pair)), None)


def shows(found, values):
    """Whether the `<n>` of a match are these values."""
    words = [text for name, text in found.groupdict().items() if name.startswith("number")]
    return all(numbers_in(text)[0].shows(v) for text, v in zip(words, values, strict=False) if text)


def highest(results, place, found):
    values = {
        arm: record["value"]
        for arm in results["papers"][place.paper]["arms"]
        if (record := metric(results, place.paper, protocol_of(found["protocol"]), arm))
        and record["value"] is not None
    }
    arm = arm_of(results, place.paper, found["arm"])
    assert values[arm] == max(values.values())
    return len(values), values[arm]


def headline(results, place, found):
    lower = {label.lower(): name for label, name in METRICS.items()}
    arm, name = arm_of(results, place.paper, found["arm"]), lower[found["lower"]]
    ours = metric(results, place.paper, place.protocol, arm, name)["value"]
    theirs = {
        c["published"]
        for c in place.of(results["cells"])
        if (c["arm"], c["metric"], c["class"]) == (arm, name, "") and c["published"] is not None
    }
    return next(((ours, value) for value in theirs if shows(found, (ours, value))), (ours, None))


def curve(results, place, found):
    place_of_arm = {"paper": place.paper, "protocol": place.protocol}
    place_of_arm["arm"] = arm_of(results, place.paper, found["arm"])
    runs = [run for run in results["training"] if all(run[k] == v for k, v in place_of_arm.items())]
    return len(runs), len(runs[0]["epochs"]), runs[0]["best_epoch"]


def softened(results, place, found):
    records = [r for r in place.of(results["pictures"].values()) if "values" in r]
    records = [r for r in records if r["protocol"] == place.protocol]
    values = [v for r in records for v in r["values"] if v["temperature"] == float(found["temperature"])]
    value = where(values, of=found["of"].strip(), reading=found["reading"])
    assert found.string.count(found[0].partition(":")[0] + ":") == 1, "one temperature, said twice"
    said = [(c, numbers_in(n)[0]) for c, n in re.findall(rf"(\S+) ({DIGITS})", found["says"])]
    return all(number.shows(value["probabilities"][of_class]) for of_class, number in said) and len(
        said
    ) == len(value["probabilities"])


def plate(results, place):
    return results["pictures"][place.rest]


def chosen(results, place, found):
    rules = [r for r in plate(results, place)["rules"] if r["rule"] == found["rule"]]
    return (rules[0]["shown"], rules[0]["qualified"]) if rules else None


def photographed(results, place, found):
    record = plate(results, place)
    return record["fold"], record["seed"], record["test_images"], record["array_px"]


def said_of_picture(results, place, found):
    said_by = arm_of(results, place.paper, found["arm"])
    return any(
        numbers_in(found["says"])[0].shows(arm["probability"]) and arm["right"] == (found["mark"] == "right")
        for picture in plate(results, place)["pictures"]
        for arm in picture["arms"]
        if found["image"] in (None, picture["image"])
        and (arm["arm"], arm["predicted"]) == (said_by, found["class"])
    )


def run_counts(results, place, found):
    runs = {len(s["runs"]) for s in place.of(results["scores"]) if s["protocol"] == place.protocol}
    return shown_all(found["runs"], runs)


def corrected(results, place, found):
    record = results["pictures"][place.rest.removesuffix("-corrected")]
    return record["corrected_total"], record["spoiled_total"]


def packed(results, place, found):
    source = where(results["data"]["sources"].values(), source=found["source"])
    return source["n_images"], source["size_px"]


def fold(results, place, found):
    return (first_split(results, place.paper, protocol_of(found["protocol"]))["fold"],)


def near(results, place, found):
    audit = results["audits"][place.paper]
    return len(audit["predictions"]), audit["near"]["most_bits"], audit["near"]["least_correlation"]


def lead(results, place, found):
    printed = [cell for cell in results["cells"] if cell["table"] and cell["published"] is not None]
    compared = sum(cell["reproduced"] is not None for cell in printed)
    return len(results["papers"]), len(results["scores"]), len(printed), compared


def job_time(results, place, found):
    return tuple(sum(record[key] for record in results["cost"]) for key in ("jobs", "runtime_s"))


def statements_folded(results, place, found):
    """Statements of the study that the banner folds: those that it does not show at once."""
    texts = [prose.text for prose in place.page.prose]
    fold = next(n for n, text in enumerate(texts) if re.search("more differences? from the papers", text))
    stated = {" ".join(statement.split()) for statement in results["study"]["statements"]}
    return (len(stated) - len(stated & set(texts[:fold])),)


def others(results, place, found):
    """Scored arms that the summary's rows do not show."""
    shown = {row["arm"].text.partition(": ")[2] for row in place.page.tables[place.rest].rows_by_key()}
    scored = {record["arm"] for record in place.of(results["scores"])}
    labels = results["papers"][place.paper]["arms"]
    return (sum(labels[arm]["label"] not in shown for arm in scored),)


def threshold_rows(own):
    """How many thresholds a score has; where it has none, one row says why."""
    record = own.get("operating_points")
    if not record or record["reason"] or record["validation"]["reason"]:
        return 1
    return len(record["points"])


def rows(results, place, found):
    """Of a table that is on the page, by its title; or of one that is a file alone."""
    title = found["title"].rstrip(", ")
    shown = [len(table.rows) for table in place.page.tables.values() if table.title == title]
    files = Counter(
        {
            "Every number of every paper": len(results["cells"]),
            "Files behind the numbers": len(results["provenance"]["runs"]),
        }
    )
    for own in results["scores"]:
        paper = results["papers"][own["paper"]]
        protocol = own["protocol"].replace("_", " ").replace("leak free", "leak-free")
        groups = own.get("subgroups") or {"groups": []}
        differences = [d for d in own["differences"] if "delong_ignoring_lesions" in d and d["class"]]
        files.update(
            {
                f"{paper['label']}, {protocol}: scores of each class": len(paper["classes"]),
                f"{paper['label']}: AUC of each class against its baseline": len(differences),
                f"{paper['label']}: subgroups of the test part, all arms": len(groups["groups"]) or 1,
                f"{paper['label']}: thresholds for {found['class']}, from validation, all arms": (
                    threshold_rows(own)
                ),
            }
        )
    [n] = set(shown) or {files[title]}
    return numbers_in(found["rows"])[0].shows(n)


ORS = r"(?:<any>(?: \w+)? or )*<any>"
SENTENCES = {
    f"(?P<levels>{ORS}) intervals from (?P<resamples>{ORS}) resamples of lesions, "
    f"(?P<seeds>{ORS}) seeds?": resampling,
    "<n> images? of <n> lesions? \\(<protocol>\\)": tested,
    "<protocol>: <n> of <n> test images \\(<n>\\) share a lesion": leaked,
    "<n> papers?, <n> scored arms? and <n> published numbers?, <n> of them beside one": lead,
    "<protocol>: <arm> changed balanced accuracy by <n> \\[<p>, <p>\\]: (?P<meaning>[^.]*)": changed,
    "<protocol>: of <n> distilled students, <n> did better than the student alone, "
    "<n> did worse and <n> cannot": compared,
    "<n> terms? carr(?:y|ies) less than 1 % of the gradient and so train nothing \\((?P<by>[^)]*)\\)": inert,
    "<n> of <n> terms? of losses with several terms": all_inert,
    "(?P<paper>[\\w -]+?) as coded: the soft terms? adds? <n> to a loss of <n> "
    "\\(<n> of the gradient\\), <arm>": soft_terms,
    "<n> checks? of the printed numbers: (?P<counts>[^.]*)": checks,
    "<n> checks? of what the papers print": lambda results, *_: (len(results["plausibility"]),),
    "^<protocol>(?P<counts>(?: [●◐▼▲○×·] \\d+ [a-z ]+)+)$": chips,
    "<protocol>: <n> of <n> published values? reproduced(?P<others>(?:, \\d+ [a-z ]+)*)": judged,
    "<arm>, <metric>, <protocol>: <n> printed, <n> here": printed_and_here,
    "<protocol>: <n> arms?, highest <n> of <arm>": highest,
    "<arm>: (?P<lower>[a-zA-Z ]*[a-zA-Z]1?) <n>(?:, published <n>)?(?=[.]|$)": headline,
    "<arm>: <n> runs? of <n> epochs?, epoch <n> kept": curve,
    "(?P<of>[\\w ]+), (?P<reading>\\w+), T = (?P<temperature>[\\d.]+): "
    "(?P<says>(?:\\S+ <any>(?:, )?)+)": softened,
    "drawn with seed <n>": lambda results, place, _: (plate(results, place)["draw_seed"],),
    "<n> pictures? of <n>: (?P<rule>[^.;]*)(?=[.;])": chosen,
    "Fold <n>, seed <n>, <n> test images[.] Shown .*, from <n> px": photographed,
    "at <n> opacity": lambda results, place, _: (plate(results, place)["colours"]["opacity"],),
    "(?:^(?P<image>\\S+): [^;]*; )?<arm>: (?P<class>\\w+) (?P<says><any>), "
    "(?P<mark>right|wrong)": said_of_picture,
    "(?:over|mean over) (?P<runs>(?:<any> runs? or )*<any>) runs?": run_counts,
    "gets right, <n> in all[.] Spoiled: the other way round, <n> in all": corrected,
    "<n> images? from (?P<source>\\S+), packed at <n> px": packed,
    "<protocol>:? fold <n>": fold,
    "by <n> prediction files?.*differ in at most <n> of 64 bits.*correlate at <n> or more": near,
    "<n> jobs?, <n> of job time in all": job_time,
    "<n> other arms?: in the paper's section": others,
    "^(?P<title>.*?(?:thresholds for (?P<class>.*), from validation.*)?) "
    "(?P<rows><any>) rows?(?=$|: csv)": rows,
    "<n> decisions? that the papers leave open": lambda results, *_: (len(results["assumptions"]),),
    "<n> more differences? from the papers": statements_folded,
    "This report is a part: <n> arms? did not end": lambda results, *_: (len(results["missing"]),),
}


def compiled(results):
    """Pattern and function of each sentence, with the names of this study."""
    arms = {arm["label"] for about in results["papers"].values() for arm in about["arms"].values()}
    protocols = {name.replace("_", " ").replace("leak free", "leak-free") for name in results["protocols"]}
    names = {"arm": arms, "metric": METRICS, "protocol": protocols}
    for pattern, function in (SENTENCES_OF_JUDGEMENT | SENTENCES).items():
        for name, known in names.items():
            anyone = "|".join(sorted(map(re.escape, known), key=len, reverse=True))
            words = f"(?i:{anyone})" if name == "protocol" else f"(?:{anyone})"
            pattern = pattern.replace(f"<{name}>", f"(?P<{name}>{words})")
        for name in ("number", "points"):
            for n in range(pattern.count(f"<{name[0]}")):
                pattern = pattern.replace(f"<{name[0]}>", f"(?P<{name}{n}>{ANY})", 1)
        yield re.compile(pattern.replace("<any>", ANY)), function


@lru_cache(maxsize=4)
def _strings(texts):
    known = "|".join(sorted(map(re.escape, texts), key=len, reverse=True))
    return re.compile(rf"(?:{known})(?!\w)")  # Not the first half of a longer name, such as a commit's.


def strings_of(results) -> re.Pattern:
    """Every name and text of results.json that has digits and more than digits."""

    def of(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield key
                yield from of(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from of(inner)
        elif isinstance(value, str):
            yield value
            yield value.rstrip(".")

    commit = results["provenance"]["commit"]
    texts = {" ".join(text.split()) for text in of(results)}
    named = {text for text in texts if re.search(r"\d", text) and re.search(r"[^\W\d]", text)}
    return _strings(frozenset(named | {commit, commit[:10]}))


def wrong_in_sentence(results, patterns, strings, place: Place, text: str):
    """What is wrong with the numbers of some words."""
    if not re.search(r"\d", text):
        return
    for pattern, function in patterns:
        for found in list(pattern.finditer(text)):
            if problem := _wrong_in_match(results, place, function, found):
                yield problem
            text = text.replace(found[0], " ; ", 1)
    for constant in CONSTANTS_OF_JUDGEMENT | CONSTANTS:
        text = re.sub(constant, " ", text)
    for number in numbers_in(strings.sub(" ", text)):
        yield f"{number.text} is no number of the study that SENTENCES knows: {text}"


def _wrong_in_match(results, place, function, found):
    try:
        values = function(results, place, found)
    except (AssertionError, KeyError, StopIteration, TypeError, IndexError) as error:
        return f"{found[0]}: {type(error).__name__} {error}"
    if isinstance(values, bool) or values is None:
        return None if values else f"{found[0]} is not what results.json says"
    groups = [
        (found.start(name), name, words)
        for name, words in found.groupdict().items()
        if name.startswith(("number", "points")) and words
    ]
    if len(groups) != len([value for value in values if value is not None]):
        return f"{found[0]} shows {len(groups)} numbers, results.json has {values}"
    for (_, name, words), value in zip(sorted(groups), values, strict=False):
        if not numbers_in(words, 0.01 if name.startswith("points") else 1)[0].shows(value):
            return f"{words} in '{found[0]}' is {value} in results.json"
    return None
