"""The claims of a paper's text: `config/claims/<paper>.yaml`, whatever can be computed and is in no csv."""

from functools import reduce
from operator import or_
from typing import Annotated

from pydantic import Discriminator, Field

from skinkd.config import Closed
from skinkd.declared_files import read_declared
from skinkd.domains import Words
from skinkd.plausibility.checks import CHECKS
from skinkd.plausibility.stated import Stated

WRONG = "The audit would compute something else than it says"
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
    return read_declared(path, ClaimsFile, "claims", WRONG).claims
