"""All checks of all papers, as the report shows them."""

from collections.abc import Iterable
from dataclasses import asdict

from skinkd.plausibility import agreement, transposed
from skinkd.plausibility.checks import CHECKS
from skinkd.plausibility.finding import VERDICTS, Finding
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values
from skinkd.published import PublishedValue

# Of every paper, whatever its text claims.
OF_ALL = (agreement, transposed)


def audit(
    published: Iterable[PublishedValue],
    claims: dict[str, list[Stated]],
    papers: dict,
) -> list[dict]:
    """The findings of each paper, the worst first, else in the order of the claims.

    Args:
        published: what all papers print.
        claims: by paper, the claims of its text; a paper may have none.
        papers: as results.json describes them, with the labels of their arms.

    Returns:
        Records with paper, check, place, claim, computation and verdict.

    Raises:
        InputError: where a claim is about a number that is not printed.
    """
    rows = list(published)
    found = []
    for paper, about in papers.items():
        labels = {arm: of_arm["label"] for arm, of_arm in about["arms"].items()}
        values = Values([row for row in rows if row.paper == paper], labels)
        records = [record(paper, *pair) for pair in findings_of(values, claims.get(paper, []))]
        found += sorted(records, key=lambda made: list(VERDICTS).index(made["verdict"]))
    return found


def findings_of(values: Values, claims: list[Stated]) -> Iterable[tuple[str, Finding]]:
    """Check and finding, of the checks that claims ask for and of those of every paper."""
    for claim in claims:
        for finding in CHECKS[claim.check].findings(claim, values):
            yield claim.check, finding
    for check in OF_ALL:
        for finding in check.findings(values):
            yield check.__name__.rpartition(".")[2], finding


def record(paper: str, check: str, finding: Finding) -> dict:
    """A finding as results.json holds it."""
    return {"paper": paper, "check": check, **asdict(finding)}
