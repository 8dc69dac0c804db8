"""How many images each part of a split will have, also before the archives are there."""

from pathlib import Path

import pandas as pd

from skinkd.config import INJECTED
from skinkd.errors import InputError
from skinkd.grid import splits
from skinkd.leak_injection import inject_siblings
from skinkd.official_counts import OFFICIAL
from skinkd.splits import load_split
from skinkd.study import Study

BY_CLASS = "official class counts, each image a lesion of its own"


def part_sizes(study: Study) -> dict[tuple[str, str, int], dict[str, int]]:
    """Images of each part by (paper, protocol, fold), from the study's own rules of division.

    Raises:
        InputError: where the images of a source are neither on the disk nor known.
    """
    tables = {source: table_of(study, source)[0] for source in study.sources()}
    return {
        (paper, protocol, fold): _sizes(study, tables, paper, protocol, fold)
        for paper, protocol, fold in splits(study)
    }


def _sizes(
    study: Study, tables: dict[str, pd.DataFrame], paper: str, protocol: str, fold: int
) -> dict[str, int]:
    """Images of each part of one split."""
    resolved = study.paper(paper, protocol)
    divide, table = load_split(resolved.split.name).split, tables[resolved.source]
    split = divide(table, fold=fold, **resolved.split.parameters)
    if protocol == INJECTED:
        split = inject_siblings(split, table, seed=study.config.statistics.seed, fold=fold)
    return {part: int((split["part"] == part).sum()) for part in ("train", "validation", "test")}


def table_of(study: Study, source: str) -> tuple[pd.DataFrame, str]:
    """The table of a source's images as splits take it, and where it is from.

    The table that ingest wrote is taken where it is there: it knows the lesions, which move a few images
    between the parts of a split by lesion.

    Raises:
        InputError: where that is missing and the source has no official counts.
    """
    path = Path(study.config.results, "ingest", source, "images.csv")
    if path.exists():
        return pd.read_csv(path, dtype=str, keep_default_na=False), path.as_posix()
    if source not in OFFICIAL:
        raise InputError(
            "forecast",
            f"{path} is not there, and the source {source} has no official class counts",
            "Nobody knows how many images would be trained on",
            f"snakemake {path} with the study's config",
        )
    return _official_table(OFFICIAL[source]), BY_CLASS


def _official_table(counts: dict[str, dict[str, int]]) -> pd.DataFrame:
    """A table with these images of each class, in which no two images belong together."""
    rows = [
        {
            "image": f"{folder}{label}{n:05d}",
            "lesion": "",
            "sha256": "",
            "label": label,
            "official_part": folder,
        }
        for folder, of_class in counts.items()
        for label, amount in of_class.items()
        for n in range(amount)
    ]
    return pd.DataFrame(rows)
