"""Are the classes of an archive as large as a paper says?"""

from typing import Literal

from pydantic import Field

from skinkd.domains import Words
from skinkd.official_counts import OFFICIAL
from skinkd.plausibility.finding import Finding, listed
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values


class Claim(Stated):
    """That these are the largest, or the smallest, classes of an archive."""

    check: Literal["class_sizes"]
    archive: Literal["isic_2019", "kaggle_nine"]
    which: Literal["largest", "smallest"]
    classes: list[Words] = Field(min_length=1)


def counts_of(archive: str) -> dict[str, int]:
    """Images of each class of an archive, over all its folders."""
    folders = OFFICIAL[archive].values()
    return {of_class: sum(folder[of_class] for folder in folders) for of_class in next(iter(folders))}


def findings(claim: Claim, values: Values) -> list[Finding]:
    """One finding: the classes in the order of their counts."""
    counts = counts_of(claim.archive)
    ranked = sorted(counts, key=counts.__getitem__, reverse=claim.which == "largest")
    told = [f"{of_class} {counts[of_class]:,}" for of_class in ranked[: len(claim.classes) + 1]]
    said = f"Counted in the archive, the {claim.which} first: {listed(told)}."
    right = set(ranked[: len(claim.classes)]) == set(claim.classes)
    return [Finding(claim.place, claim.says, said, "consistent" if right else "contradicts")]
