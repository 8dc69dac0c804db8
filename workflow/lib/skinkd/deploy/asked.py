"""The pictures that the config asks the student about."""

from pathlib import Path

from skinkd.atomic import digest_of
from skinkd.errors import InputError, examples

ASK = "name pictures: snakemake --cores 2 predict --config 'predict=[a.jpg, b.png]'"


def pictures_asked(names: str | list[str]) -> dict[str, str]:
    """The sha256 of each file by its name.

    Raises:
        InputError: where there is none, or one is no file.
    """
    names = list(dict.fromkeys([names] if isinstance(names, str) else names))
    if not names:
        raise InputError(
            "predict", "the config's predict names no picture", "There is nothing to answer", ASK
        )
    if missing := [name for name in names if not Path(name).is_file()]:
        raise InputError(
            "predict",
            f"not a file: {examples(missing)} (from {Path.cwd()})",
            "The student cannot look at it",
            ASK,
        )
    return {name: digest_of(name) for name in names}
