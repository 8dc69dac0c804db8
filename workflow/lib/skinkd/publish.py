"""Copy a finished study's numbers to where git keeps them: `python -m skinkd.publish CONFIG`.

Numbers, tables and curves travel; pictures of lesions do not, nor does the page,
which shows some. The README's table is written anew from the same numbers.
"""

import gzip
import shutil
import sys
from pathlib import Path

from skinkd.atomic import write_text
from skinkd.config import check_config, read_config
from skinkd.errors import InputError
from skinkd.place import report_folder
from skinkd.readme import results_block
from skinkd.readme_block import with_block
from skinkd.records import read_record
from skinkd.study import BASE

KEPT = ("report.tex", "tables", "figures")
# Packed: the numbers of all arms with their curves are megabytes of text.
RESULTS = "results.json.gz"


def publish(path_to_config) -> Path:
    """Copy the kept parts of a report to `results/<study>`; what lay there is replaced.

    Raises:
        InputError: where the report is not there yet, or says nothing about real images.
    """
    study = check_config(read_config(BASE, path_to_config)).study
    if study.scale == "smoke":
        raise InputError(
            "publish",
            f"{study.name} is a smoke run",
            "Its numbers would stand in the README as findings",
            "make publish CONFIG=config/ham10000.yaml",
        )
    report = report_folder(path_to_config)
    if not (report / "results.json").exists():
        raise InputError(
            "publish",
            f"{report / 'results.json'} is not there",
            "There is nothing to copy",
            f"make report CONFIG={path_to_config}",
        )
    target = Path("results", study.name)
    for name in KEPT:
        _replace(report / name, target / name)
    (target / RESULTS).write_bytes(gzip.compress((report / "results.json").read_bytes(), mtime=0))
    readme = Path("README.md")
    results = read_record(report / "results.json")
    write_text(readme, with_block(readme.read_text(encoding="utf-8"), results_block(results)))
    return target


def _replace(source: Path, target: Path) -> None:
    """Copy a file or a folder over what is there, without Snakemake's hidden marks."""
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*"))
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


if __name__ == "__main__":
    try:
        print(f"Copied to {publish(sys.argv[1])}")
    except InputError as error:
        sys.exit(str(error))
