"""Are printed sizes of parts those of a division class by class?"""

from typing import Literal

from pydantic import Field

from skinkd.domains import Count, Words
from skinkd.plausibility.class_sizes import counts_of
from skinkd.plausibility.finding import Finding, listed
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values


class Claim(Stated):
    """That an archive is divided in these percentages into parts of these sizes.

    Attributes:
        parts: images of each part; `percents` is in the same order, and the last part takes what is left.
    """

    check: Literal["division"]
    archive: Literal["isic_2019", "kaggle_nine"]
    percents: list[Count] = Field(min_length=2)
    parts: dict[Words, Count] = Field(min_length=2)


def sizes(counts: dict[str, int], percents: list[int]) -> list[int]:
    """Sizes of parts where each class gives the whole images of its share, and the rest to the last part."""
    first = [sum(count * percent // 100 for count in counts.values()) for percent in percents[:-1]]
    return [*first, sum(counts.values()) - sum(first)]


def findings(claim: Claim, values: Values) -> list[Finding]:
    """One finding: the parts by whole images of each class."""
    counts = counts_of(claim.archive)
    found, stated = sizes(counts, claim.percents), list(claim.parts.values())
    said = (
        f"Of each class of {claim.archive} the whole images of {listed(claim.percents[:-1])} %, "
        f"the rest to the last part: {', '.join(f'{size:,}' for size in found)}; "
        f"printed are {', '.join(f'{size:,}' for size in stated)}."
    )
    near = all(
        abs(100 * size - percent * sum(counts.values())) < 100 * len(counts)
        for size, percent in zip(stated, claim.percents, strict=True)
    )
    verdict = "consistent" if found == stated or near else "contradicts"
    return [Finding(claim.place, claim.says, said, verdict)]
