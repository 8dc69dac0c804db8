"""The forms that an archive may have, one file each; a source's form names its file.

A reader takes the archive's pictures and the tables beside them and says which images there are,
of which class, and which file shows each. What it takes by keyword comes from the config.
"""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

import pandas as pd


class ArchiveTables(NamedTuple):
    """The images of an archive, and what was mended on the way.

    Args:
        images: one row per image, all text, '' where not known; `skinkd.isic.COLUMNS` and perhaps more.
        notices: one sentence each.
        classes: of the archive, in their order.
        ground_truth_sha256: digest of what says the class of each image.
        members: file of each image id in the archive; None where a file is named by its image id.
    """

    images: pd.DataFrame
    notices: tuple[str, ...]
    classes: tuple[str, ...]
    ground_truth_sha256: str
    members: dict[str, str] | None = None


def load_reader(form: str) -> Callable[..., ArchiveTables]:
    """The reader of archives in this form."""
    return getattr(import_module(f"skinkd.readers.{form}"), form)
