"""Which of our own files a script depends on."""

import os
from functools import cache
from modulefinder import ModuleFinder
from pathlib import Path

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
    finder = ModuleFinder(path=[str(PACKAGE.parent)])
    finder.run_script(str(SCRIPTS / script))
    for name in loaded_by_name:
        finder.import_hook(name)
    files = (Path(module.__file__) for module in finder.modules.values() if module.__file__)
    ours = sorted(os.path.relpath(file) for file in files if PACKAGE in file.parents)
    return [os.path.relpath(SCRIPTS / script), *ours]
