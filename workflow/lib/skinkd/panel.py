"""What results.json proves of itself: checks that pass, warn or fail."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from skinkd import formats
from skinkd.lookups import SCALES, difference_of, protocol_label

# Below this many seeds no sign-flip test over seeds can give a p below 0.05.
ENOUGH_SEEDS = 6
ENOUGH_RESAMPLES = 1000
# Below this many test images the interval of a class is hardly one.
ENOUGH_IMAGES = 30
# Under these, test and training images may share a lesion: it is what the papers did.
LEAKING = ("as_published", "as_coded")
# Curves of results.json by which an epoch may be chosen, and their best value.
BEST = {"validation_loss": min, "validation_balanced_accuracy": max, "validation_accuracy": max}
OUTCOMES = {"pass": "● pass", "warn": "▲ warn", "fail": "× fail"}


class Check(NamedTuple):
    """One check.

    Attributes:
        checked: what, in words.
        outcome: pass, warn or fail.
        found: what was seen, with its numbers.
    """

    checked: str
    outcome: str
    found: str


def run_checks(results: dict) -> list[dict]:
    """Every check that results.json can answer, as records; what it cannot, is left out."""
    return [check._asdict() for make in CHECKS for check in make(results)]


def _scale(results: dict) -> Iterator[Check]:
    scale = results["study"]["scale"]
    full = scale == "full"
    said = "the papers' scale" if full else f"a {SCALES[scale].lower()}: it tests no paper"
    yield Check("The study is at full scale", "pass" if full else "warn", said)


def _ended(results: dict) -> Iterator[Check]:
    n, missing = len(results["scores"]), len(results["missing"])
    found = f"{formats.plural(n, 'arm')} scored" + (f", {missing} did not end" if missing else "")
    yield Check("Every arm of the study ended", "fail" if missing else "pass", found)


def _diverged(results: dict) -> Iterator[Check]:
    runs = results["networks"]
    broken = sum(run["diverged_epoch"] is not None for run in runs)
    found = f"{broken} of {formats.plural(len(runs), 'run')} diverged"
    yield Check("Training stayed among the finite numbers", "warn" if broken else "pass", found)


def _lesions(results: dict) -> Iterator[Check]:
    for protocol, splits in _by_protocol(results, results["splits"]).items():
        tested = sum(split["leakage"]["test_images"] for split in splits)
        sharing = sum(split["leakage"]["test_images_sharing_a_lesion"] for split in splits)
        found = (
            f"{formats.count(sharing)} of {formats.plural(tested, 'test image')} share a lesion with "
            f"training or validation, in {formats.plural(len(splits), 'fold')}"
        )
        checked = f"No lesion is on both sides of the split, {_name(protocol)}"
        yield Check(checked, _leak(protocol, sharing), found)


def _relatives(kind: str, checked: str, said: str) -> Callable[[dict], Iterator[Check]]:
    """A check that no test image has a relative of a kind among those that a network learns from."""

    def make(results: dict) -> Iterator[Check]:
        splits = [split for audit in results["audits"].values() for split in audit["splits"]]
        for protocol, mine in _by_protocol(results, splits).items():
            tested = sum(split["test_images"] for split in mine)
            links = [link for split in mine for link in split["links"] if link["kind"] == kind]
            n = sum(link[part] for link in links for part in ("train", "validation"))
            found = (
                f"{formats.plural(n, said)} in {formats.plural(len(mine), 'fold')}, of {tested:,} test images"
            )
            outcome = _leak(protocol, n) if kind == "bytes" else "warn" if n else "pass"
            yield Check(f"{checked}, {_name(protocol)}", outcome, found)

    return make


def _predicted(results: dict) -> Iterator[Check]:
    files = [file for audit in results["audits"].values() for file in audit["predictions"]]
    clean = [file for file in files if file["protocol"] == "leak_free"]
    if clean:
        leaking = sum(file["group"] > 0 for file in clean)
        found = (
            f"{leaking} of {formats.plural(len(clean), 'prediction file')} hold a test image with a relative"
        )
        checked = "The predictions themselves hold no leak, leak-free"
        yield Check(checked, "fail" if leaking else "pass", found)


def _classes(results: dict) -> Iterator[Check]:
    records = [*results["scores"], *results["splits"]]
    wrong = [one for one in records if one["classes"] != results["papers"][one["paper"]]["classes"]]
    found = f"{len(wrong)} of {formats.plural(len(records), 'record')} of scores and splits differ"
    yield Check("Classes stand in one order everywhere", "fail" if wrong else "pass", found)


def _chain(results: dict) -> Iterator[Check]:
    known = {_run(run): run for run in results["provenance"].get("runs", []) if "files" in run}
    links = [
        (_run(score | link), link)
        for score in results["scores"]
        for link in score.get("made_from", {}).get("runs", [])
    ]
    wrong = sum(run not in known or not _same_files(known[run], link) for run, link in links)
    if links and known:
        found = f"{len(links) - wrong} of {formats.plural(len(links), 'run')} by the digests of their files"
        checked = "Scores are of the networks, splits and predictions that are listed here"
        yield Check(checked, "fail" if wrong else "pass", found)


def _same_files(run: dict, link: dict) -> bool:
    files = run["files"]
    theirs = run["weights_sha256"], files["split"]["sha256"], files["predictions"]["sha256"]
    return theirs == (link["weights"], link["split"], link["predictions"])


def _selected(results: dict) -> Iterator[Check]:
    """By what the kept epochs were chosen; where the curve is in the record, whether they are its best."""
    rules = [(run, _rule_of(results, run)) for run in results["training"] if run["epochs"]]
    if any(rule is None for _, rule in rules):
        return
    known = [(run, rule) for run, rule in rules if rule in BEST]
    wrong = sum(_kept(run, rule) != BEST[rule](run[rule]) for run, rule in known)
    last = sum(rule == "last" for _, rule in rules)
    found = (
        f"{len(rules) - last} of {formats.plural(len(rules), 'run')} chose on validation images, {last} took "
        f"the last epoch; recomputed for {len(known)}, {wrong} otherwise"
    )
    yield Check("No epoch was chosen on test images", "fail" if wrong else "pass", found)


def _kept(run: dict, rule: str) -> float:
    """The value of the rule's curve in the epoch that was kept."""
    return run[rule][run["epochs"].index(run["best_epoch"])]


def _rule_of(results: dict, run: dict) -> str | None:
    """The rule by which a run's epoch was chosen; None in records that do not say it."""
    about = results["papers"][run["paper"]]["arms"][run["arm"]]
    return about.get("selections", {}).get(run["protocol"])


def _seeds(results: dict) -> Iterator[Check]:
    if results["scores"]:
        fewest = min(score["n_seeds"] for score in results["scores"])
        enough = fewest >= ENOUGH_SEEDS
        least_p = f"the smallest two-sided p of a sign-flip test over seeds is {min(1, 2 / 2**fewest):.3g}"
        found = f"{formats.plural(fewest, 'seed')} at least; {least_p}"
        yield Check(f"At least {ENOUGH_SEEDS} seeds of each arm", "pass" if enough else "warn", found)


def _resamples(results: dict) -> Iterator[Check]:
    if results["scores"]:
        fewest = min(score["resamples"] for score in results["scores"])
        outcome = "pass" if fewest >= ENOUGH_RESAMPLES else "warn"
        checked = f"Intervals rest on at least {formats.count(ENOUGH_RESAMPLES)} resamples"
        yield Check(checked, outcome, f"{formats.count(fewest)} at least")


def _rare(results: dict) -> Iterator[Check]:
    images = {
        (score["paper"], name): has["images"]
        for score in results["scores"]
        for name, has in score["support"].items()
    }
    rare = [place for place, n in images.items() if n < ENOUGH_IMAGES]
    found = f"{len(rare)} of {len(images)} classes have fewer"
    if rare:
        paper, name = min(rare, key=images.get)
        found += f"; the fewest: {images[paper, name]} of {name}, {results['papers'][paper]['label']}"
    checked = f"At least {ENOUGH_IMAGES} test images of each class"
    yield Check(checked, "warn" if rare else "pass", found)


def _controls(results: dict) -> Iterator[Check]:
    gains = [
        difference_of(score, "balanced_accuracy")
        for score in results["scores"]
        if results["papers"][score["paper"]]["arms"][score["arm"]]["control"]
    ]
    gains = [gain for gain in gains if gain and gain["low"] is not None]
    if gains:
        helpful = sum(gain["low"] > 0 for gain in gains)
        found = f"{helpful} of {len(gains)} did better than hard labels alone"
        yield Check("Teachers that know nothing do not help", "warn" if helpful else "pass", found)


def _tree(results: dict) -> Iterator[Check]:
    made = results["provenance"]
    known = made["commit"] != "unknown"
    clean = known and not made["dirty"]
    found = "it holds uncommitted changes" if known and made["dirty"] else f"commit {made['commit'][:10]}"
    yield Check(
        "The code is a commit", "pass" if clean else "warn", found if known else "it is not under git"
    )


def _by_protocol(results: dict, records: list[dict]) -> dict[str, list[dict]]:
    """The records of each protocol of the report; the injected one leaks on purpose."""
    found = {name: [one for one in records if one["protocol"] == name] for name in results["protocols"]}
    return {name: mine for name, mine in found.items() if mine}


def _leak(protocol: str, n: int) -> str:
    """What a leak is worth: where the paper leaks, it is shown; where none is promised, it is a fault."""
    return "pass" if not n else "warn" if protocol in LEAKING else "fail"


def _name(protocol: str) -> str:
    return protocol_label(protocol).lower()


def _run(record: dict) -> tuple:
    return tuple(record[key] for key in ("paper", "protocol", "arm", "fold", "seed"))


CHECKS: tuple[Callable[[dict], Iterator[Check]], ...] = (
    *(_scale, _ended, _diverged, _lesions),
    _relatives("bytes", "No picture is on both sides of the split", "equal picture"),
    _relatives("near_unknown", "No unknown near duplicate is on both sides", "near duplicate"),
    *(_predicted, _classes, _chain, _selected, _seeds, _resamples, _rare, _controls, _tree),
)
