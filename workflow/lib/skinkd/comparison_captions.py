"""The sentences of the tables of comparisons: what the family is, how p values are made, which to trust."""

from skinkd import captions, formats
from skinkd.comparisons.detectable import POWER
from skinkd.lookups import protocol_label

IGNORES = "ignore that images of one lesion are alike, so their p values may be too small"
SHAKY = (
    f"shown, but smaller than what the test finds with {formats.level(POWER)} power: differences found by "
    "luck are too large on average"
)
ALIKE = "no resample moves the difference: both arms decide alike"
WORDS = {
    "alike": ALIKE,
    "not shown": "a true difference below the column “Would find” may be missed: no difference shown is not "
    "no difference",
    "better, size uncertain": SHAKY,
    "worse, size uncertain": SHAKY,
}


def comparisons(results: dict, paper: str, records: list[dict]) -> str:
    """The caption of the comparisons of one paper in balanced accuracy."""
    said = (_family(records), _detectable(records[0]), _seeds(records))
    return " ".join((*said, captions.all_evidence(results, paper)))


def secondary(results: dict, paper: str) -> str:
    """The caption of the same comparisons in accuracy and AUC."""
    return (
        "Outside the family, and not adjusted for it. p: from the same resamples of lesions. McNemar's exact "
        f"test and DeLong's {IGNORES}. McNemar's: the median over seeds and folds, and below it the largest. "
        "DeLong's: of each class against the rest, the median over seeds and folds; shown is the class with "
        f"the smallest p, after Holm over the classes. {captions.all_evidence(results, paper)}"
    )


def _family(records):
    first = records[0]
    sizes = {record["protocol"]: record["family_size"] for record in records}
    families = "; ".join(f"{protocol_label(protocol).lower()} {n}" for protocol, n in sizes.items())
    return (
        f"{captions.HEADLINE_LABEL.capitalize()}, in percentage points. p: two-sided, from the "
        f"interval's resamples beyond 0, at least {formats.p_value(first['smallest_p'])}. p, Holm: holds for "
        "a whole family at once. A family was declared before anything ran: all arms of the paper with a "
        f"baseline under one protocol ({families}). The conclusion is drawn from it at "
        f"{formats.level(first['error_rate'])}."
    )


def _detectable(first):
    return (
        "Would find: the smallest true difference that is found with "
        f"{formats.level(first['power'])} power, at {formats.level(first['error_rate'])} shared by the "
        "family."
    )


def _seeds(records):
    smallest = {record["n_seeds"]: record["smallest_sign_flip_p"] for record in records}
    limits = "; ".join(
        f"{formats.plural(n, 'seed')} cannot give less than {formats.p_value(p)}" for n, p in smallest.items()
    )
    return (
        "Seeds stand apart: the interval says how other lesions would move the difference, the SD how seeds "
        f"move it on the same lesions. p, seeds: from all signs of the seeds' differences; {limits}."
    )


def areas(results: dict, paper: str) -> str:
    """The caption of the areas of each class."""
    return (
        "Intervals are over lesions. The tests are DeLong's for each seed and fold, not adjusted, and "
        f"{IGNORES}. {captions.all_evidence(results, paper)}"
    )
