"""How much each term of a loss moves the student: means over the epochs and runs of an arm."""

from dataclasses import dataclass
from statistics import fmean

from skinkd.lookups import protocols_of, training_of

# A term with a smaller share of the gradient trains nothing that could be told from noise.
INERT_SHARE = 0.01


@dataclass(frozen=True)
class Term:
    """One term of one arm's loss under one protocol.

    Attributes:
        name, weight: as the config has them.
        soft: whether it reads anything of a teacher.
        value: weighted, mean over epochs and runs, in the unit of the loss.
        share: of the sum of the terms' gradient norms, in [0, 1]; mean over epochs and runs.
    """

    paper: str
    protocol: str
    arm: str
    name: str
    weight: float
    soft: bool
    value: float
    share: float

    @property
    def inert(self) -> bool:
        return self.share < INERT_SHARE


def terms_of(results: dict, paper: str) -> list[Term]:
    """The terms of all arms whose loss has several, by protocol and then in the paper's order of arms."""
    return [
        term
        for protocol in protocols_of(results, paper)
        for runs in training_of(results, paper, protocol).values()
        for term in _terms_of_arm([run for run in runs if run["epochs"]])
    ]


def _terms_of_arm(runs):
    """The terms of one arm's runs; a run that diverged in its first epoch has no epoch to speak of."""
    if not runs or len(runs[0]["terms"]) < 2:
        return
    for index, term in enumerate(runs[0]["terms"]):
        yield Term(
            **{key: runs[0][key] for key in ("paper", "protocol", "arm")},
            **{key: term[key] for key in ("name", "weight", "soft")},
            value=fmean(value for run in runs for value in run["terms"][index]["value"]),
            share=fmean(share for run in runs for share in run["terms"][index]["gradient"]),
        )
