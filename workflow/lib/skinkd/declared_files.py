"""Files in which a person declares something: YAML that holds what a model says, or one error."""

from pathlib import Path

from pydantic import BaseModel, ValidationError

from skinkd import strict_yaml
from skinkd.errors import InputError, examples


def read_declared(path, model: type[BaseModel], code: str, why: str, **known) -> BaseModel:
    """What a file declares.

    Args:
        path: of the YAML file; where the model has a key `paper`, that is the file's name.
        model: of its whole content.
        code: of the error.
        why: what would go wrong with such a file.
        known: keys that the file does not hold, with their values.

    Raises:
        InputError: naming every key that is missing, unknown or holds something else.
    """
    path = Path(path)
    try:
        found = model.model_validate(strict_yaml.load(path) | known)
    except ValidationError as error:
        problems = list(map(_problem, error.errors()))
        raise refused(path, examples(problems), code, why, problems) from None
    if getattr(found, "paper", path.stem) != path.stem:
        raise refused(path, f"it is said to be of {found.paper}", code, why)
    return found


def refused(path, what: str, code: str, why: str, problems=()) -> InputError:
    """The error for a file that declares something wrong."""
    return InputError(code, f"{path}: {what}", why, "correct the file", problems)


def _problem(error: dict) -> str:
    """One problem, with its place in the file."""
    place = ".".join(map(str, error["loc"]))
    return f"{place}: {error['msg'].removeprefix('Value error, ')}"
