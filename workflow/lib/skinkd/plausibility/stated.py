"""What every claim says of itself."""

from pydantic import Field

from skinkd.config import Closed
from skinkd.domains import Words


class Stated(Closed):
    """A claim of a paper's text or tables, to which one check belongs.

    Attributes:
        check: which; the file of that name in `skinkd.plausibility`.
        place: table, figure or section that says so.
        says: the claim, in the paper's words where they are short.
    """

    check: str
    place: Words
    says: Words = Field(max_length=200)
