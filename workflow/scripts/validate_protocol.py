"""Look at everything that trainings of a paper and protocol rest on, and write what is wrong with it."""

from pathlib import Path

import pandas as pd

from skinkd.findings import write_findings
from skinkd.records import read_record
from skinkd.split_findings import (
    findings_of_array,
    findings_of_batches,
    findings_of_classes,
    findings_of_fold,
    findings_of_tests,
)


def validate_protocol(
    path_to_array, path_to_table, path_to_manifest, paths_to_splits, path_to_record, told: dict
) -> None:
    """Check the archive, all folds against it, and the batches against the folds.

    Args:
        told: paper, protocol, classes, size_px, and the batch_size of each arm under `batches`.
    """
    table, manifest = read_table(path_to_table), read_record(path_to_manifest)
    splits = {str(path): read_table(path) for path in paths_to_splits}
    summaries = {path: read_record(Path(path).with_suffix(".json")) for path in splits}
    classes, grouped = list(told["classes"]), told["protocol"] == "leak_free"
    findings = [
        *findings_of_array(path_to_array, table, manifest, told["size_px"]),
        *findings_of_classes(classes, manifest, summaries),
        *findings_of_tests(splits),
        *findings_of_batches(told["batches"], splits),
    ]
    for path, split in splits.items():
        findings += findings_of_fold(path, split, table, summaries[path], classes, grouped=grouped)
    checked = {"images": len(table), "classes": classes, "splits": {p: len(s) for p, s in splits.items()}}
    write_findings(path_to_record, f"{told['paper']} {told['protocol']}", checked, findings)


def read_table(path) -> pd.DataFrame:
    """A csv of this project, every cell as it is written."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0]):
        validate_protocol(
            path_to_array=snakemake.input.array,
            path_to_table=snakemake.input.table,
            path_to_manifest=snakemake.input.manifest,
            paths_to_splits=list(snakemake.input.splits),
            path_to_record=snakemake.output.validated,
            told=dict(snakemake.params.told),
        )
