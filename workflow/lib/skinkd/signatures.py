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
ONE_OF = {
    "losses": "loss",
    "networks": "network",
    "augmentations": "augmentation",
    "splits": "split",
    "figures": "figure",
    "pictures": "figure",
}
# What the trainer can give to a loss, named by its positional arguments; see `skinkd.losses`.
CACHED = {"student", "teacher", "teachers", "labels"}
ONLINE = {
    *("student_embedding", "teacher_embedding", "student_map", "teacher_map"),
    *("rotated_student", "rotated_teacher", "student_projection", "teacher_projection"),
}


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
    """The arguments of `kind/name.py`'s function `name`; of every figure's file, the function `figure`.

    Raises:
        LookupError: where the file is not Python or has no such function.
    """
    try:
        tree = ast.parse((PACKAGE / kind / f"{name}.py").read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise LookupError(f"{kind}/{name}.py, line {error.lineno}: {error.msg}") from None
    wanted = "figure" if kind == "figures" else name
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == wanted]
    if not functions:
        raise LookupError(f"{kind}/{name}.py has no function {wanted}")
    return functions[0].args


def keywords_of(kind: str, name: str) -> dict[str, tuple[str, bool]]:
    """Keyword-only parameters of `kind/name.py`'s function `name`: annotation, and whether required."""
    arguments = _arguments_of(kind, name)
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return {argument.arg: (_annotation_of(argument), default is None) for argument, default in pairs}


def defaults_of(kind: str, name: str) -> dict:
    """Literal defaults of the keyword-only parameters of `kind/name.py`'s function `name`."""
    arguments = _arguments_of(kind, name)
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return {argument.arg: default.value for argument, default in pairs if isinstance(default, ast.Constant)}


def _annotation_of(argument: ast.arg) -> str:
    """The words of an annotation; empty if there is none."""
    return ast.unparse(argument.annotation) if argument.annotation else ""


def inputs_of(loss: str) -> tuple[str, ...]:
    """What a loss is computed from: its positional arguments.

    Raises:
        LookupError: where it asks for something that no trainer knows.
    """
    names = tuple(argument.arg for argument in _arguments_of("losses", loss).args)
    unknown = [name for name in names if name not in CACHED | ONLINE]
    if unknown:
        raise LookupError(
            f"losses/{loss}.py asks for '{unknown[0]}'; {did_you_mean(unknown[0], CACHED | ONLINE)}"
        )
    return names


def needs_teacher(loss: str) -> bool:
    """Whether a loss asks for something that a teacher says."""
    arguments = _arguments_of("losses", loss)
    asked = [*arguments.args, *arguments.kwonlyargs]
    return any("teacher" in argument.arg and _annotation_of(argument) in ("Tensor", "") for argument in asked)


def minimum_classes(loss: str) -> int:
    """The least number of classes for which a loss is defined: its file's MINIMUM_CLASSES, or 2."""
    return _constant_of(f"skinkd.losses.{loss}", "MINIMUM_CLASSES") or 2


def classes_of(split: str) -> tuple[str, ...]:
    """The classes of a split's task, in their order: its file's CLASSES."""
    return tuple(_constant_of(f"skinkd.splits.{split}", "CLASSES") or ())


@cache
def _constant_of(module: str, name: str):
    """A literal constant of a module, also where it is imported from another; None if there is none."""
    path = PACKAGE.parent.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and name in {ast.unparse(target) for target in node.targets}:
            return ast.literal_eval(node.value)
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            return _constant_of(node.module, name)
    return None


def problems_of(kind: str, name: str, given: dict, place: str, supplied=()) -> list[str]:
    """What is wrong with calling `name` of `kind` with the keywords `given`; empty if nothing.

    Args:
        kind: folder of the library: losses, networks, augmentations, splits.
        place: where in the config this stands, for the message.
        supplied: keywords that the pipeline fills in by itself.
    """
    if name not in names_in(kind):
        return [f"{place}.name: unknown {ONE_OF[kind]} '{name}'; {did_you_mean(name, names_in(kind))}"]
    try:
        known = {key: value for key, value in keywords_of(kind, name).items() if key not in supplied}
    except LookupError as error:
        return [f"{place}: {error.args[0]}"]
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
    if not hasattr(domains, annotation):
        return [f"{place}: its file says '{annotation}'; annotate it with a name of domains.py"]
    try:
        TypeAdapter(getattr(domains, annotation)).validate_python(value)
    except ValidationError as error:
        return [f"{place}: {error.errors()[0]['msg'].lower()} (got {value!r})"]
    return []
