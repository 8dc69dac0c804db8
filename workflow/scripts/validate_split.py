"""Look at an archive and a fold of it, on which trainings will rest, and write what is wrong with them."""

import pandas as pd

from skinkd.findings import write_findings
from skinkd.records import read_record
from skinkd.split_findings import findings_of_array, findings_of_classes, findings_of_fold


def validate_split(paths: dict, path_to_record, about: str, classes: list[str], size_px: int, grouped: bool):
    """Check the packed pictures, their table and manifest, the fold and its summary against each other.

    Args:
        paths: `array`, `table`, `manifest`, `split` and `summary`.
        about: which fold of which paper and protocol.
        grouped: whether no group may stand in two parts.
    """
    table, split = read_table(paths["table"]), read_table(paths["split"])
    manifest, summary = read_record(paths["manifest"]), read_record(paths["summary"])
    findings = [
        *findings_of_array(paths["array"], table, manifest, size_px),
        *findings_of_classes(classes, manifest, {str(paths["summary"]): summary}),
        *findings_of_fold(str(paths["split"]), split, table, summary, classes, grouped=grouped),
    ]
    write_findings(path_to_record, about, {"images": len(split), "classes": classes}, findings)
    print(f"{about}: {len(findings)} problems")


def read_table(path) -> pd.DataFrame:
    """A csv of this project, every cell as it is written."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0]):
        names = snakemake.wildcards
        validate_split(
            {name: snakemake.input[name] for name in ("array", "table", "manifest", "split", "summary")},
            path_to_record=snakemake.output.validated,
            about=f"{names.paper} {names.protocol} fold {names.fold}",
            classes=list(snakemake.params.classes),
            size_px=snakemake.params.size_px,
            grouped=names.protocol == "leak_free",
        )
