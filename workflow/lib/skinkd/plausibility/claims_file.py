"""The claims of a paper's text: `config/claims/<paper>.yaml`, whatever can be computed and is in no csv."""

from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated

from pydantic import Discriminator, Field, ValidationError

from skinkd import strict_yaml
from skinkd.config import Closed
from skinkd.domains import Words
from skinkd.errors import InputError, examples
from skinkd.plausibility.checks import CHECKS
from skinkd.plausibility.stated import Stated

# One model for each check, which the key `check` names.
AnyClaim = Annotated[reduce(or_, [check.Claim for check in CHECKS.values()]), Discriminator("check")]


class ClaimsFile(Closed):
    """What a file of claims holds.

    Attributes:
        definitions: values that several claims use, by YAML's anchors.
    """

    paper: Words
    definitions: dict = Field(default={})
    claims: list[AnyClaim] = Field(min_length=1)


def read_claims(path) -> list[Stated]:
    """The claims of one file, in its order.

    Raises:
        InputError: naming each claim that lacks what its check needs, or holds what no check knows.
    """
    path = Path(path)
    try:
        found = ClaimsFile.model_validate(strict_yaml.load(path))
    except ValidationError as error:
        problems = list(map(_problem, error.errors()))
        raise _refused(path, examples(problems), problems) from None
    if found.paper != path.stem:
        raise _refused(path, f"the claims are said to be of {found.paper}")
    return found.claims


def _problem(error: dict) -> str:
    """One problem, with its place in the file."""
    place = ".".join(str(part) for part in error["loc"])
    return f"{place}: {error['msg'].removeprefix('Value error, ')}"


def _refused(path: Path, what: str, problems=()) -> InputError:
    why, fix = "The audit would compute something else than it says", "correct the file"
    return InputError("claims", f"{path}: {what}", why, fix, problems)
