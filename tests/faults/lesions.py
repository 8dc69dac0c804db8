"""Faults of what an archive says of its lesions, and of the names of its images."""

import pandas as pd

from faults.archives import IMAGES, ingested, members_of, with_archive, write_members
from faults.fault import INPUT, fault
from faults.scene import Scene
from faults.tables import METADATA, TRUTH, edit, packed_table, reading, set_cells
from skinkd.readers.class_folders import FOLDERS


@fault(18, "two ids for the same bytes", 0, " images are byte-identical to another: ISIC_")
def twins(scene):
    path = with_archive(scene).results / IMAGES
    members = members_of(path)
    first, second = list(members)[:2]
    write_members(path, members | {second: members[first]})
    ended = ingested(scene)
    table = packed_table(scene)
    assert table["sha256"][0] == table["sha256"][1]
    return ended


@fault(23, "images without a lesion id", 0, "images have no lesion id: each counts as a lesion of its own")
def no_lesion(scene):
    edit(with_archive(scene), METADATA, set_cells(1, lesion_id=""))
    ended = ingested(scene)
    assert packed_table(scene).loc[0, "lesion"] == ""
    return ended


@fault(
    23,
    "images without a lesion id, which the config refuses",
    INPUT,
    "images have no lesion id: ISIC_",
    "Fix: ",
)
def no_lesion_refused(scene):
    edit(with_archive(scene), METADATA, set_cells(1, lesion_id=""))
    return ingested(scene, **reading(scene, missing_group="error"))


def mix(scene: Scene) -> None:
    """Give two images of different labels one lesion."""
    with_archive(scene)
    truth = pd.read_csv(scene.results / TRUTH, index_col="image").idxmax(axis=1)
    metadata = pd.read_csv(scene.results / METADATA)
    first = metadata["image"][0]
    other = next(row for row, image in enumerate(metadata["image"], 1) if truth[image] != truth[first])
    for row in (1, other):
        edit(scene, METADATA, set_cells(row, lesion_id="HAM_7777777"))


@fault(
    25, "a lesion with two labels", INPUT, "1 lesions have two labels: HAM_7777777 (", "Fix: mend their rows"
)
def mixed_lesion(scene):
    mix(scene)
    return ingested(scene)


@fault(25, "a lesion with two labels that may be left out", 0, "1 lesions have two labels: HAM_7777777 (")
def mixed_lesion_dropped(scene):
    mix(scene)
    ended = ingested(scene, **reading(scene, on_mixed_lesion="drop"))
    assert "HAM_7777777" not in set(packed_table(scene)["lesion"])
    return ended


@fault(26, "an image id that ends in _downsampled", 0, "_downsampled,")
def downsampled(scene):
    path = with_archive(scene).results / IMAGES
    members = members_of(path)
    image = next(name for name in members if "_down" not in name).rpartition("/")[2].removesuffix(".jpg")
    write_members(
        path, {name.replace(image, f"{image}_downsampled"): content for name, content in members.items()}
    )
    for place in (TRUTH, METADATA):
        scene.spoil(place, lambda content: content.replace(image.encode(), f"{image}_downsampled".encode()))
    ended = ingested(scene)
    table = (scene.results / "ingest/isic_2019/images.csv").read_text(encoding="utf-8")
    (row,) = [line for line in table.splitlines() if line.startswith(f"{image}_downsampled,")]
    return ended._replace(said=ended.said + row)


@fault(
    26,
    "folders of full-sized pictures beside metadata of smaller ones",
    0,
    "of 240 images have ",
    "lesion id",
)
def downsampled_metadata(scene):
    with_archive(scene)
    labels = pd.read_csv(scene.results / TRUTH, index_col="image").idxmax(axis=1)
    folders = {label: folder for folder, label in FOLDERS.items() if label in set(labels)}
    folders["BKL"] = "pigmented benign keratosis"
    pictures = {name.rpartition("/")[2]: value for name, value in members_of(scene.results / IMAGES).items()}
    filed = {f"Train/{folders[labels[name[:-4]]]}/{name}": content for name, content in pictures.items()}
    path = scene.results / "archive/kaggle_nine/images.zip"
    path.parent.mkdir(parents=True)
    write_members(path, filed)
    edit(scene, METADATA, lambda rows: [row.__setitem__(0, f"{row[0]}_downsampled") for row in rows[1:]])
    classes = {folder: label for folder, label in FOLDERS.items() if folder in folders.values()}
    _, job = scene.graph.by_output["results/ingest/kaggle_nine/images.npy"]
    ended = scene.run("ingest/kaggle_nine/images.npy", reading=job.params.reading | {"classes": classes})
    known = pd.read_csv(scene.results / "ingest/kaggle_nine/images.csv", dtype=str)["lesion"]
    assert known.str.match("HAM|BCN|MSK").any()
    return ended
