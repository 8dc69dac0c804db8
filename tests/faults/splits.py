"""Faults of the division into train, validation and test."""

import io

import pandas as pd
from PIL import Image

from faults.archives import members_of, write_members
from faults.configs import laid_over
from faults.fault import FAILED, INPUT, fault
from faults.pictures import saved
from faults.scene import Scene

DRAWN = "archive/demo"
SPLIT = "split/dsnet/leak_free/fold0.csv"
SMALL = {"train_benign": 40, "train_malignant": 40, "test_benign": 20, "test_malignant": 20}


def read(scene: Scene, name: str) -> pd.DataFrame:
    """A table of the drawn archive, by image."""
    path = scene.results / DRAWN / f"{name}.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False, index_col="image")


def write(scene: Scene, name: str, table: pd.DataFrame) -> None:
    """Put a table in the place of one of the drawn archive."""
    path = scene.results / DRAWN / f"{name}.csv"
    path.unlink()
    table.to_csv(path)


def pictures_by_id(path) -> dict[str, bytes]:
    """What a zip holds, by the ids of images."""
    return {name.rpartition("/")[2].removesuffix(".jpg"): value for name, value in members_of(path).items()}


def divided(scene: Scene, split: str, **parameters):
    """How the job ends that divides the images of a drawn archive, which is packed first."""
    packed = scene.run("ingest/demo/images.npy")
    assert packed.status == 0, packed.said
    return scene.run(SPLIT, wildcards={"fold": "1"}, split=split, parameters=parameters)


def keep(scene: Scene, label: str, lesions: int) -> None:
    """Leave so many lesions of a class in the drawn archive."""
    scene.take(DRAWN)
    truth, metadata = read(scene, "ground_truth"), read(scene, "metadata")
    of_class = metadata[truth.loc[metadata.index, label] == "1.0"]
    gone = of_class.index.difference(
        of_class[of_class["lesion_id"] != ""].drop_duplicates("lesion_id").index[:lesions]
    )
    write(scene, "ground_truth", truth.drop(gone))
    write(scene, "metadata", metadata.drop(gone))


@fault(27, "a class with fewer lesions than folds", INPUT, "class DF has ", "Fix: ask for fewer folds")
def few_lesions(scene):
    keep(scene, "DF", lesions=3)
    return divided(scene, "ssd_kd_lesion")


@fault(
    28, "a class without an image", INPUT, "train has no DF", "Fix: take a larger archive or larger shares"
)
def absent_class(scene):
    keep(scene, "DF", lesions=0)
    return divided(scene, "davidi_park_lesion")


@fault(18, "two ids for the same bytes, no lesion known", 0, "0 of 40 test images (0.0%) share a lesion")
def twins_stay_together(scene):
    scene.take(DRAWN)
    truth, metadata = read(scene, "ground_truth"), read(scene, "metadata")
    twins = list(truth[truth["NV"] == "1.0"].index[:2])
    metadata.loc[twins, "lesion_id"] = ""
    write(scene, "metadata", metadata)
    path = scene.results / DRAWN / "images.zip"
    members = {
        name.rpartition("/")[2].removesuffix(".jpg"): value for name, value in members_of(path).items()
    }
    path.unlink()
    write_members(path, {f"{name}.jpg": members[twins[0] if name in twins else name] for name in members})
    ended = divided(scene, "dsnet_lesion", **SMALL)
    parts = pd.read_csv(scene.results / SPLIT, index_col="image")
    assert parts["group"].get(twins[0]) == parts["group"].get(twins[1])
    assert (parts.groupby("group")["part"].nunique() == 1).all()
    return ended


@fault(
    38, "a share that leaves nothing to validate on", FAILED, "validation_share: 0 leaves nothing to its part"
)
def nothing_to_validate(scene):
    return laid_over(scene, "changes: {smoke: {dsnet: {split: {validation_share: 0}}}}")


@fault(38, "shares that leave nothing to test on", FAILED, "leave nothing to test on")
def nothing_to_test(scene):
    changes = "davidi_park: {split: {train_share: 0.7, validation_share: 0.3}}"
    return laid_over(
        scene,
        "papers: [davidi_park]\narms: {davidi_park: {leak_free: [kl_a01]}}\n"
        f"changes: {{smoke: {{{changes}}}}}",
    )


@fault(19, "a picture that was saved anew under another id, in another part", 0, ",False,leak_free,0")
def near_duplicate(scene):
    scene.take(DRAWN, SPLIT)
    parts = pd.read_csv(scene.results / SPLIT, index_col="image")["part"]
    learned, tested = (parts[parts == part].index[0] for part in ("train", "test"))
    path = scene.results / DRAWN / "images.zip"
    members = pictures_by_id(path)
    path.unlink()
    copy = saved(Image.open(io.BytesIO(members[learned])), "JPEG", quality=60)
    write_members(path, {f"{name}.jpg": content for name, content in (members | {tested: copy}).items()})
    for target in ("ingest/demo/images.npy", SPLIT, "ingest/demo/looks.npz"):
        made = scene.run(target)
        assert made.status == 0, made.said
    ended = scene.run("audit/dsnet.json", inputs={"predictions": []})
    pairs = (scene.results / "audit/dsnet.csv").read_text(encoding="utf-8")
    (row,) = [line for line in pairs.splitlines() if line.startswith(f"{tested},{learned},")]
    return ended._replace(said=ended.said + row)
