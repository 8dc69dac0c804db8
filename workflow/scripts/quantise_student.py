"""Write the exported student in eight bits."""

import os

from skinkd.atomic import whole
from skinkd.deploy.chosen import open_split
from skinkd.deploy.quantising import METHOD, PERCENTILE, drawn_rows, quantise
from skinkd.deploy.records import read_record_of, write_sealed
from skinkd.jobs import logged_to


def quantise_student(
    path_to_choice,
    path_to_onnx,
    splits,
    path_to_array,
    pictures,
    seed,
    repository,
    path_to_int8,
    path_to_record,
):
    """Look for the ranges on training pictures, write the model and how it was made.

    Args:
        splits: paths of all candidates' tables and summaries.
        pictures: how many training pictures are drawn, with `seed`.
    """
    split = open_split(read_record_of(path_to_choice)["chosen"], *splits, path_to_array)
    rows = drawn_rows(split.rows("train"), pictures, seed)
    content = quantise(path_to_onnx, split.array, rows)
    with whole(path_to_int8) as partial:
        partial.write_bytes(content)
    record = {
        "method": METHOD,
        "percentile": PERCENTILE,
        "training_pictures": len(rows),
        "seed": seed,
        "bytes": {"float32": os.path.getsize(path_to_onnx), "int8": len(content)},
    }
    made_from = {"choice": path_to_choice, "onnx": path_to_onnx, "int8": path_to_int8}
    write_sealed(path_to_record, record, made_from, repository)
    print(f"{record['bytes']['float32']:,} bytes, in eight bits {len(content):,}")


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        quantise_student(
            path_to_choice=snakemake.input.choice,
            path_to_onnx=snakemake.input.onnx,
            splits=(list(snakemake.input.splits), list(snakemake.input.summaries)),
            path_to_array=snakemake.input.array,
            pictures=snakemake.params.pictures,
            seed=snakemake.params.seed,
            repository=snakemake.params.repository,
            path_to_int8=snakemake.output.int8,
            path_to_record=snakemake.output.record,
        )
