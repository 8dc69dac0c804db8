"""Score both files of the student on the test part: metrics, what eight bits cost, calibration, subgroups."""

import pandas as pd

from skinkd.calibration import describe_calibration
from skinkd.deploy.chosen import check_has_pictures, open_split
from skinkd.deploy.evaluating import evaluate_both, subgroups
from skinkd.deploy.onnx_model import OnnxModel
from skinkd.deploy.records import read_record_of, write_sealed
from skinkd.jobs import logged_to


def evaluate_student(
    path_to_about,
    paths_to_models,
    splits,
    path_to_array,
    path_to_table,
    source,
    statistics,
    repository,
    path_to_record,
):
    """Run both files on every test picture, write what they are worth.

    Args:
        paths_to_models: of the file in 32 bits and of that in eight.
        splits: paths of all candidates' tables and summaries.
        source: the name of the archive.
        statistics: `resamples`, `confidence` and `seed`.
    """
    about = read_record_of(path_to_about)
    split = open_split(about, *splits, path_to_array)
    rows = split.rows("test")
    check_has_pictures(rows, "test")
    logits = [OnnxModel(path).logits(split.array, rows) for path in paths_to_models]
    whole, quantised = (split.predictions(about, "test", said) for said in logits)
    table = pd.read_csv(path_to_table, dtype=str, keep_default_na=False)
    record = {
        **{key: about[key] for key in ("paper", "protocol", "arm", "fold", "seed", "classes")},
        **evaluate_both(whole, quantised, statistics),
        "calibration": {
            "part": "test",
            **describe_calibration(whole.logits, whole.labels, about["temperature"]),
        },
        "subgroups": subgroups(whole, table, source, statistics),
    }
    onnx, int8 = paths_to_models
    made_from = {"about": path_to_about, "onnx": onnx, "int8": int8, "table": path_to_table}
    write_sealed(path_to_record, record, made_from, repository)
    print(f"{record['images']} test pictures; in int8 the same class for {record['int8']['same_class']:.1%}")


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        evaluate_student(
            path_to_about=snakemake.input.about,
            paths_to_models=(snakemake.input.onnx, snakemake.input.int8),
            splits=(list(snakemake.input.splits), list(snakemake.input.summaries)),
            path_to_array=snakemake.input.array,
            path_to_table=snakemake.input.table,
            source=snakemake.params.source,
            statistics=dict(snakemake.params.statistics),
            repository=snakemake.params.repository,
            path_to_record=snakemake.output.record,
        )
