"""Which of our own files a script depends on."""

import ast
import hashlib
import os
from functools import cache
from pathlib import Path

from skinkd.atomic import digest_of

PACKAGE = Path(__file__).parent
SCRIPTS = PACKAGE.parents[1] / "scripts"


@cache
def imports_of(script: str, *loaded_by_name: str) -> list[str]:
    """Files of this package that a script imports, directly or through each other.

    Snakemake reruns a job when its script changes, but not when a module which
    that script imports does. A rule that lists these files as inputs reruns, and
    says which file was the reason.

    Args:
        script: file name in workflow/scripts.
        loaded_by_name: modules that the script loads at run time, by dotted name.

    Returns:
        Paths relative to the working directory, the script's own first, sorted.
    """
    found = _reached_from([*_imported(SCRIPTS / script), *_files_of(loaded_by_name)])
    return [os.path.relpath(SCRIPTS / script), *sorted(map(os.path.relpath, found))]


def digest_of_modules(*names: str) -> str:
    """One sha256 of modules of this package, by dotted name, and of all files of it that they import."""
    digests = [digest_of(file) for file in sorted(_reached_from(_files_of(names)))]
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _reached_from(files) -> set[Path]:
    """Files of this package, and those that they import, directly or through each other."""
    waiting, found = list(files), set()
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imported(file)
    return found


@cache
def _imported(file: Path) -> tuple[Path, ...]:
    """Files of this package that the import statements of a file name, wherever in it they stand.

    Reading each file once takes a tenth of what the standard library's ModuleFinder takes for every script.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return _files_of(names)


def _files_of(names) -> tuple[Path, ...]:
    """Files of our own among modules, and of the packages that they lie in, which are imported with them."""
    each = {".".join(name.split(".")[:depth]) for name in names for depth in range(1, name.count(".") + 2)}
    return tuple(filter(None, map(_file_of, sorted(each))))


@cache
def _file_of(name: str) -> Path | None:
    """The file of one of our modules; None for what is another's, or no module."""
    place = PACKAGE.parent.joinpath(*name.split("."))
    if PACKAGE.name != name.split(".")[0]:
        return None
    return next((file for file in (place / "__init__.py", place.with_suffix(".py")) if file.exists()), None)
