"""Faults of an archive's tables."""

import csv
import io

import pandas as pd

from faults.archives import ARCHIVE, IMAGES, ingested, members_of, with_archive, write_members
from faults.fault import INPUT, fault
from faults.scene import Scene

TRUTH, METADATA = f"{ARCHIVE}/ground_truth.csv", f"{ARCHIVE}/metadata.csv"


def edit(scene: Scene, place: str, change) -> None:
    """Change the rows of a table, header first, in their place."""

    def edited(content):
        rows = list(csv.reader(io.StringIO(content.decode())))
        change(rows)
        file = io.StringIO()
        csv.writer(file, lineterminator="\n").writerows(rows)
        return file.getvalue().encode()

    scene.spoil(place, edited)


def set_cells(number: int, **cells):
    """A change that writes cells of one row, by their columns."""

    def change(rows):
        for column, cell in cells.items():
            rows[number][rows[0].index(column)] = cell

    return change


def packed_table(scene: Scene) -> pd.DataFrame:
    """What ingest wrote of each image."""
    return pd.read_csv(scene.results / "ingest/isic_2019/images.csv", dtype=str, keep_default_na=False)


def reading(scene: Scene, **changes) -> dict:
    """How the job is told to read the archive, with changes."""
    _, job = scene.graph.by_output["results/ingest/isic_2019/images.npy"]
    return {"reading": job.params.reading | changes}


@fault(14, "a label without its picture", INPUT, "1 of 240 labels have no image in images.zip (first: ISIC_")
def label_without_picture(scene):
    path = with_archive(scene).results / IMAGES
    members = members_of(path)
    members.pop(next(iter(members)))
    write_members(path, members)
    return ingested(scene)


@fault(15, "a picture without a label", 0, "ignored 1 images without a label: ISIC_9999999")
def picture_without_label(scene):
    path = with_archive(scene).results / IMAGES
    members = members_of(path)
    write_members(path, members | {"ISIC_9999999.jpg": next(iter(members.values()))})
    return ingested(scene)


@fault(16, "a row that stands twice", 0, "ground_truth.csv: left out 1 repeated rows")
def repeated_row(scene):
    edit(with_archive(scene), TRUTH, lambda rows: rows.append(rows[1]))
    return ingested(scene)


@fault(
    17,
    "an image with two labels",
    INPUT,
    "1 bad rows: ISIC_",
    " in rows 2 and 242 (label '",
    "keep the right row",
)
def two_labels(scene):
    def change(rows):
        image, *values = rows[1]
        rows.append([image, *values[1:8], values[0], *values[8:]])

    edit(with_archive(scene), TRUTH, change)
    return ingested(scene)


@fault(
    20,
    "rows with two classes, without one, with a probability",
    INPUT,
    "3 bad rows: row 2: one-hot sums to 2 (MEL, ",
    "row 3: one-hot sums to 0 (no class)",
    "row 4: NV is '0.7', not 0 or 1",
)
def no_class(scene):
    def change(rows):
        rows[1][1:3] = ["1.0", "1.0"]
        rows[2][1:] = ["0.0"] * (len(rows[2]) - 1)
        rows[3][rows[0].index("NV")] = "0.7"

    edit(with_archive(scene), TRUTH, change)
    return ingested(scene)


@fault(21, "an image of the class UNK", INPUT, "has 1 images of class UNK: ISIC_", "Fix: set unknown: drop")
def unknown_label(scene):
    def change(rows):
        rows[1][1:] = ["0.0"] * (len(rows[1]) - 2) + ["1.0"]

    edit(with_archive(scene), TRUTH, change)
    return ingested(scene)


@fault(21, "a column of an unknown class", INPUT, "unknown columns: WART", "known are MEL, NV, BCC, AK, BKL,")
def unknown_class(scene):
    def change(rows):
        for row, cell in zip(rows, ["WART", *["0.0"] * len(rows)], strict=False):
            row.append(cell)

    edit(with_archive(scene), TRUTH, change)
    return ingested(scene)


@fault(
    24,
    "an image named NA and a lesion named None",
    0,
    "1 images have the lesion id 'None', taken as one lesion",
)
def words_like_gaps(scene):
    path = with_archive(scene).results / IMAGES
    members = members_of(path)
    name, *_ = members
    write_members(path, {("NA.jpg" if key == name else key): value for key, value in members.items()})
    image = name.rpartition("/")[2].removesuffix(".jpg")
    for place in (TRUTH, METADATA):
        scene.spoil(place, lambda content: content.replace(image.encode(), b"NA"))
    edit(scene, METADATA, set_cells(1, lesion_id="None"))
    ended = ingested(scene)
    assert packed_table(scene).loc[0, ["image", "lesion"]].tolist() == ["NA", "None"]
    return ended


def unreadable(scene, change):
    """How the job ends where the bytes of the metadata are other ones."""
    with_archive(scene).spoil(METADATA, change)
    return ingested(scene)


@fault(29, "a table in cp1252", INPUT, "metadata.csv is not UTF-8 (byte 0xe9 at line 2)", "Fix: ")
def cp1252(scene):
    return unreadable(scene, lambda content: content.replace(b"\n", b"\n\xe9", 1))


@fault(29, "a table in UTF-16", INPUT, "metadata.csv is not UTF-8 (byte 0xff at line 1)")
def utf16(scene):
    return unreadable(scene, lambda content: content.decode().encode("utf-16"))


@fault(29, "a table with semicolons", INPUT, "set apart by ';'; did you mean ','?")
def semicolons(scene):
    return unreadable(scene, lambda content: content.replace(b",", b";"))


@fault(29, "a row with a cell too many", INPUT, "metadata.csv has 5 columns, but row 2 has 6")
def ragged(scene):
    return unreadable(scene, lambda content: content.replace(b"\n", b"\nextra,", 1))


@fault(29, "a NUL byte in a table", INPUT, "metadata.csv has a NUL byte at line 2")
def nul(scene):
    return unreadable(scene, lambda content: content.replace(b"\n", b"\n\0", 1))


@fault(30, "blanks around ids and headers", 0, "ground_truth.csv: stripped blanks around 2 cells")
def blanks(scene):
    def change(rows):
        rows[0][1] = " MEL"
        rows[1][0] += " "

    edit(with_archive(scene), TRUTH, change)
    return ingested(scene)


@fault(31, "an age of 999 and the sex 'unknown'", 0, "blanked age of 1 images", "blanked sex of ")
def impossible_person(scene):
    edit(with_archive(scene), METADATA, set_cells(1, age_approx="999", sex="unknown"))
    ended = ingested(scene)
    assert packed_table(scene).loc[0, ["age", "sex"]].tolist() == ["", ""]
    return ended
