"""Faults of the division into train, validation and test."""

import pandas as pd

from faults.fault import INPUT, fault
from faults.scene import Scene

TABLE = "ingest/demo/images.csv"
SPLIT = "split/dsnet/leak_free/fold0.csv"
SMALL = {"train_benign": 40, "train_malignant": 40, "test_benign": 20, "test_malignant": 20}


def divided(scene: Scene, change, split: str, **parameters):
    """How the job ends that divides a changed table of images."""
    scene.take("ingest/demo")
    path = scene.results / TABLE
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    path.unlink()
    change(table).to_csv(path, index=False)
    return scene.run(SPLIT, wildcards={"fold": "1"}, split=split, parameters=parameters)


def few_of(table: pd.DataFrame, label: str, lesions: int) -> pd.DataFrame:
    """The table with so many lesions of a class."""
    kept = table[table["label"] == label].drop_duplicates("lesion").head(lesions)
    return pd.concat([table[table["label"] != label], kept]).reset_index(drop=True)


@fault(27, "a class with fewer lesions than folds", INPUT, "class DF has ", "Fix: ask for fewer folds")
def few_lesions(scene):
    return divided(scene, lambda table: few_of(table, "DF", 3), "ssd_kd_lesion")


@fault(
    28, "a class without an image", INPUT, "train has no DF", "Fix: take a larger archive or larger shares"
)
def absent_class(scene):
    return divided(scene, lambda table: few_of(table, "DF", 0), "davidi_park_lesion")


@fault(
    18,
    "two ids for the same bytes, of which no lesion is known",
    0,
    "0 of 40 test images (0.0%) share a lesion",
)
def twins_stay_together(scene):
    def change(table):
        twins = table[table["label"] == "NV"].index[:2]
        table.loc[twins, ["lesion", "sha256"]] = ["", "0" * 64]
        return table

    ended = divided(scene, change, "dsnet_lesion", **SMALL)
    parts = pd.read_csv(scene.results / SPLIT)
    assert parts["group"].duplicated().any()
    assert (parts.groupby("group")["part"].nunique() == 1).all()
    return ended


@fault(38, "a share that leaves nothing to validate on", INPUT, "validation_share is 0", "Fix: ")
def nothing_to_validate(scene):
    return divided(scene, lambda table: table, "dsnet_lesion", validation_share=0)
