"""Divide the images of an archive into train, validation and test, and audit the leak between them."""

import json

import pandas as pd

from skinkd.atomic import digest_of, whole, write_text
from skinkd.data_files import OF_ARCHIVE, read_manifest
from skinkd.intact import sealed
from skinkd.leak_injection import inject_siblings
from skinkd.splits import check_protocol, load_split, summary_of


def split_images(
    path_to_table,
    path_to_manifest,
    split,
    parameters,
    fold,
    paper,
    protocol,
    path_to_split,
    path_to_summary,
    injection_seed=None,
):
    """Apply the split named `split` to the table of images; write its parts and what they share.

    With `injection_seed`, siblings of test images take the places of training images.
    """
    manifest = read_manifest(path_to_manifest, path_to_table)
    table = pd.read_csv(path_to_table, dtype=str, keep_default_na=False)
    rule = load_split(split)
    parts = rule.split(table, fold=fold, **parameters)
    if injection_seed is not None:
        parts = inject_siblings(parts, table, seed=injection_seed, fold=fold)
    summary = summary_of(parts, paper=paper, protocol=protocol, fold=fold, classes=rule.classes)
    check_protocol(summary)
    with whole(path_to_split) as unfinished:
        parts.to_csv(unfinished, index=False, lineterminator="\n")
    summary["rule"] = {"name": split, "parameters": parameters}
    summary["split_sha256"] = digest_of(path_to_split)
    summary |= {key: manifest[key] for key in OF_ARCHIVE}
    write_text(path_to_summary, json.dumps(sealed(summary), indent=2) + "\n")
    leakage = summary["leakage"]
    print(
        f"{len(parts):,} images; {leakage['test_images_sharing_a_lesion']:,} of {leakage['test_images']:,} "
        f"test images ({leakage['share']:.1%}) share a lesion with training or validation"
    )


if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0]):
        split_images(
            path_to_table=snakemake.input.table,
            path_to_manifest=snakemake.input.manifest,
            split=snakemake.params.split,
            parameters=snakemake.params.parameters,
            fold=int(snakemake.wildcards.fold),
            paper=snakemake.wildcards.paper,
            protocol=snakemake.wildcards.protocol,
            path_to_split=snakemake.output.split,
            path_to_summary=snakemake.output.summary,
            injection_seed=snakemake.params.injection_seed,
        )
