"""What the papers claim and how a study tests it: `config/trials/<paper>.yaml`."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, model_validator

from skinkd.config import Closed
from skinkd.declared_files import read_declared, refused
from skinkd.domains import Name, Names, Words
from skinkd.errors import InputError, examples
from skinkd.quantities import FACTS, METRICS

WRONG = "The report would test something else than it says"
Number = Annotated[float, Field(allow_inf_nan=False)]
Pair = Annotated[list[Name], Field(min_length=2, max_length=2)]
Overall = Literal[tuple(name for name, metric in METRICS.items() if metric.overall)]


class Trial(Closed):
    """A claim with its test.

    Attributes:
        id: its anchor on the page.
        place: table, figure or section that makes the claim.
        says: the claim, in the paper's words where they are short.
    """

    id: Name
    place: Words
    says: Words = Field(max_length=220)


class Above(Trial):
    """That the first arm of each pair has the higher score, by more than `by`.

    Attributes:
        by: a share; below 0, so much may be lost.
    """

    test: Literal["above"]
    metrics: list[Overall] = Field(min_length=1)
    pairs: list[Pair] = Field(min_length=1)
    by: Number = 0.0


class Alike(Trial):
    """That both arms of each pair have the same score, but for `within`."""

    test: Literal["alike"]
    metrics: list[Overall] = Field(min_length=1)
    pairs: list[Pair] = Field(min_length=1)
    within: Annotated[float, Field(gt=0, lt=1)]


class Reaches(Trial):
    """That an arm's score is at least so high."""

    test: Literal["reaches"]
    metric: Overall
    arm: Name
    at_least: Annotated[float, Field(gt=0, lt=1)]


class Measured(Trial):
    """That a number of each arm that no sampling moves, or its ratio to that of another arm, lies in bounds.

    Attributes:
        fact: a name of `skinkd.quantities.FACTS`.
        beside: the arm by whose number the arms' numbers are divided.
    """

    test: Literal["measured"]
    fact: Literal[tuple(FACTS)]
    arms: Names
    beside: Name | None = None
    at_least: Number | None = None
    at_most: Number | None = None

    @model_validator(mode="after")
    def _bounded(self):
        if self.at_least is None and self.at_most is None:
            raise ValueError("needs at_least or at_most")
        return self


class Untested(Trial):
    """A claim that no study of this kind tests."""

    test: Literal["none"]
    why: Words


AnyTrial = Annotated[Above | Alike | Reaches | Measured | Untested, Discriminator("test")]


class TrialsFile(Closed):
    """What a file of trials holds."""

    paper: Name
    claims: list[AnyTrial] = Field(min_length=1)


def read_trials(path) -> list[Trial]:
    """The claims of one paper with their tests, in the order of the file.

    Raises:
        InputError: naming each claim that lacks what its test needs, or holds what no test knows.
    """
    found = read_declared(path, TrialsFile, "trials", WRONG)
    names = [trial.id for trial in found.claims]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise refused(path, f"two claims have the id {examples(twice)}", "trials", WRONG)
    return found.claims


def arms_of(trial: Trial) -> list[str]:
    """The arms that a claim is about, each once."""
    if isinstance(trial, Above | Alike):
        return list(dict.fromkeys(arm for pair in trial.pairs for arm in pair))
    if isinstance(trial, Untested):
        return []
    if isinstance(trial, Reaches):
        return [trial.arm]
    beside = [trial.beside] if isinstance(trial, Measured) and trial.beside else []
    return [*trial.arms, *beside]


def check_arms(trials: dict[str, list[Trial]], papers: dict) -> None:
    """Let claims pass whose arms their papers have.

    Raises:
        InputError: naming each claim about an arm that its paper does not have.
    """
    problems = [
        f"{paper} {trial.id}: no arm {arm}"
        for paper, of_paper in trials.items()
        for trial in of_paper
        for arm in arms_of(trial)
        if arm not in papers[paper]["arms"]
    ]
    if problems:
        raise InputError(
            "trials",
            f"claims do not fit the papers: {examples(problems)}",
            "They would count as never run",
            "use the names of arms of config/papers",
        )
