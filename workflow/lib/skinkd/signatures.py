"""What a loss, network, augmentation or split takes, read from its file without importing it.

A config names a file of the library: `name: softened_kl` means `losses/softened_kl.py`
and its function `softened_kl`. Reading the signature from the text keeps torch out of
the checks, so that a dry run starts at once.
"""

import ast
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from skinkd import domains

PACKAGE = Path(__file__).parent
ONE_OF = {"losses": "loss", "networks": "network", "augmentations": "augmentation", "splits": "split"}


def did_you_mean(word: str, known) -> str:
    """A hint for a misspelt word: its nearest neighbour and the whole list."""
    near = get_close_matches(str(word), known, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"{hint}Known: {', '.join(sorted(known))}"


@cache
def names_in(kind: str) -> tuple[str, ...]:
    """The names that a config may use for `kind`: the module files of that folder."""
    return tuple(sorted(path.stem for path in (PACKAGE / kind).glob("*.py") if path.stem != "__init__"))


@cache
def _arguments_of(kind: str, name: str) -> ast.arguments:
    """The arguments of `kind/name.py`'s function `name`."""
    tree = ast.parse((PACKAGE / kind / f"{name}.py").read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    if not functions:
        raise LookupError(f"{kind}/{name}.py has no function {name}")
    return functions[0].args


def keywords_of(kind: str, name: str) -> dict[str, tuple[str, bool]]:
    """Keyword-only parameters of `kind/name.py`'s function `name`: annotation, and whether required."""
    arguments = _arguments_of(kind, name)
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return {argument.arg: (ast.unparse(argument.annotation), default is None) for argument, default in pairs}


def needs_teacher(loss: str) -> bool:
    """Whether a loss takes no None in the teacher's place."""
    [teacher] = [argument for argument in _arguments_of("losses", loss).args if argument.arg == "teacher"]
    return ast.unparse(teacher.annotation) == "Tensor"


def problems_of(kind: str, name: str, given: dict, place: str, supplied=()) -> list[str]:
    """What is wrong with calling `name` of `kind` with the keywords `given`; empty if nothing.

    Args:
        kind: folder of the library: losses, networks, augmentations, splits.
        place: where in the config this stands, for the message.
        supplied: keywords that the pipeline fills in by itself.
    """
    if name not in names_in(kind):
        return [f"{place}.name: unknown {ONE_OF[kind]} '{name}'; {did_you_mean(name, names_in(kind))}"]
    known = {key: value for key, value in keywords_of(kind, name).items() if key not in supplied}
    problems = [
        f"{place}: unknown key '{key}'; {did_you_mean(key, known) if known else f'{name} takes none'}"
        for key in given
        if key not in known
    ]
    for key, (annotation, required) in known.items():
        if key in given:
            problems += _problems_of_value(f"{place}.{key}", annotation, given[key])
        elif required:
            problems.append(f"{place}: '{key}' is missing; {name} needs it")
    return problems


def _problems_of_value(place: str, annotation: str, value) -> list[str]:
    """What is wrong with `value` where the signature says `annotation`."""
    try:
        TypeAdapter(getattr(domains, annotation)).validate_python(value)
    except ValidationError as error:
        return [f"{place}: {error.errors()[0]['msg'].lower()} (got {value!r})"]
    return []
