"""Audit the splits of a paper: what joins test images to training images, and what a leak adds."""

import numpy as np
import pandas as pd

from skinkd.atomic import whole
from skinkd.config import CLEAN, INJECTED
from skinkd.injection_scores import injection_of
from skinkd.leaks import check_predictions, links_of, pictures_of
from skinkd.picture_hashes import Looks
from skinkd.predictions import read_predictions
from skinkd.records import write_record


def audit_paper(
    paper,
    paths_to_tables,
    paths_to_looks,
    splits,
    paths_to_splits,
    paths_to_predictions,
    injections,
    near,
    statistics,
    path_to_record,
    path_to_pairs,
):
    """Read the splits, the archives and the predictions; write what they have in common.

    Args:
        paths_to_tables, paths_to_looks: of each source, by its name.
        splits: protocol, fold and source of each of `paths_to_splits`.
        injections: for each arm that a leak was injected for, its prediction files under both protocols.
    """
    tables = {source: _read(path) for source, path in paths_to_tables.items()}
    archives = {
        source: pictures_of(tables[source], Looks(**np.load(paths_to_looks[source]))) for source in tables
    }
    divided = {
        (about["protocol"], about["fold"]): (_read(path).astype({"row": int}), archives[about["source"]])
        for about, path in zip(splits, paths_to_splits, strict=True)
    }
    found = {key: links_of(*about, near) for key, about in divided.items()}
    said = ((path, read_predictions(path)) for path in paths_to_predictions)
    record = {
        "paper": paper,
        "near": near,
        "splits": [
            {
                "protocol": protocol,
                "fold": fold,
                "test_images": int((divided[protocol, fold][0]["part"] == "test").sum()),
                "links": links,
            }
            for (protocol, fold), (links, _) in found.items()
        ],
        "predictions": [
            check_predictions(path, run, *divided[run.protocol, run.fold])
            | {"arm": run.arm, "seed": run.seed}
            for path, run in said
        ],
        "injections": [
            injection_of(both[INJECTED], both[CLEAN], _first(divided, INJECTED), **statistics)
            for both in injections.values()
        ],
    }
    write_record(path_to_record, record)
    alike = [pairs.assign(protocol=key[0], fold=key[1]) for key, (_, pairs) in found.items()]
    with whole(path_to_pairs) as unfinished:
        pd.concat(alike).to_csv(unfinished, index=False, lineterminator="\n")
    print(f"{len(record['predictions'])} prediction files against {len(splits)} splits")


def _read(path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _first(divided, protocol) -> pd.DataFrame:
    """The split of a protocol's first fold."""
    return next(split for (of, _), (split, _) in divided.items() if of == protocol)


if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0]):
        audit_paper(
            paper=snakemake.wildcards.paper,
            paths_to_tables=dict(zip(snakemake.params.sources, snakemake.input.tables, strict=True)),
            paths_to_looks=dict(zip(snakemake.params.sources, snakemake.input.looks, strict=True)),
            splits=snakemake.params.splits,
            paths_to_splits=snakemake.input.splits,
            paths_to_predictions=snakemake.input.predictions,
            injections=snakemake.params.injections,
            near=snakemake.params.near,
            statistics=snakemake.params.statistics,
            path_to_record=snakemake.output.record,
            path_to_pairs=snakemake.output.pairs,
        )
