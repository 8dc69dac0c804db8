"""A folder per class becomes a table as a challenge's does, and no picture is two things unnoticed."""

import hashlib
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from test_ingest import METADATA_HEADER, csv_text, picture, refusal

from skinkd.folder_archive import pack_folders
from skinkd.images import decode, pack
from skinkd.ingest import ingest
from skinkd.isic import COLUMNS
from skinkd.readers import load_reader
from skinkd.readers.class_folders import FOLDERS, class_folders
from skinkd.splits.dsc_nine_image import CLASSES

TWO = {"nevus": "NV", "melanoma": "MEL"}
PAGE = "https://example.org/nine"
OWN = ": each counts as a lesion of its own"


class Folders:
    """A small archive of folders, to be spoilt before it is read."""

    def __init__(self, folder):
        self.folder = folder
        files = [
            f"Set/{part}/{name}/{part}_{name}_{i}.jpg"
            for part in ("Train", "Test")
            for name in TWO
            for i in range(2)
        ]
        self.pictures = {name: picture(100 + number) for number, name in enumerate(files)}
        self.metadata = []

    @property
    def images(self):
        return self.folder / "images.zip"

    def add(self, *members, seed=0):
        self.pictures |= dict.fromkeys(members, picture(seed))
        return self

    def write(self):
        with zipfile.ZipFile(self.images, "w") as file:
            for name, content in self.pictures.items():
                file.writestr(name, content)
        return self

    def unpack(self, to="unpacked"):
        for name, content in self.pictures.items():
            path = self.folder / to / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return self.folder / to

    def tables(self):
        if not self.metadata:
            return []
        path = self.folder / "metadata.csv"
        path.write_text(csv_text(METADATA_HEADER, self.metadata), encoding="utf-8")
        return [path]

    def read(self, **options):
        return class_folders(self.write().images, self.tables(), **({"classes": TWO} | options))


@pytest.fixture
def folders(tmp_path):
    return Folders(tmp_path)


# The table


def test_folders_name_the_class_and_the_part(folders):
    tables = folders.read()
    assert list(tables.images.columns) == [*COLUMNS, "official_part"]
    assert tables.classes == ("NV", "MEL")
    assert tables.notices == (f"8 of 8 images have no lesion id{OWN}",)
    assert tables.images["image"].is_monotonic_increasing
    for _, row in tables.images.iterrows():
        part, name, _ = row["image"].split("_")
        assert (row["label"], row["official_part"]) == (TWO[name], part.lower())
        assert tables.members[row["image"]] == f"Set/{part}/{name}/{row['image']}.jpg"


def test_folders_without_train_and_test_have_no_part(folders):
    folders.pictures = {
        name.replace("Set/Train/", "").replace("Set/Test/", ""): content
        for name, content in folders.pictures.items()
    }
    assert set(folders.read().images["official_part"]) == {""}


def test_the_default_classes_are_those_of_the_nine_class_splits():
    assert set(FOLDERS.values()) == set(CLASSES)
    assert len(FOLDERS) == len(CLASSES)


@pytest.mark.parametrize("marked", ["file", "metadata"])
def test_lesions_are_looked_up_by_image_id_whatever_its_size(folders, marked):
    name = "ISIC_0000013" + ("_downsampled" if marked == "file" else "")
    folders.add(f"Set/Train/nevus/{name}.jpg")
    name = "ISIC_0000013" + ("_downsampled" if marked == "metadata" else "")
    folders.metadata = [[name, "50", "torso", "BCN_0000001", "female"], ["ISIC_9", "", "", "", ""]]
    tables = folders.read()
    found = tables.images.set_index("label", drop=False).loc["NV"]
    known = found[found["lesion"] != ""].iloc[0]
    assert known[["lesion", "age", "sex", "site", "origin"]].tolist() == [
        "BCN_0000001",
        "50",
        "female",
        "torso",
        "BCN",
    ]
    assert tables.notices == (f"8 of 9 images have no lesion id{OWN}",)


@pytest.mark.parametrize(("missing_group", "left"), [("own", 9), ("drop", 2)])
def test_images_without_a_lesion_may_be_left_out(folders, missing_group, left):
    folders.metadata = [[f"Train_{name}_0", "", "", f"BCN_{name}", ""] for name in TWO]
    folders.add("Set/Train/nevus/A.jpg")
    tables = folders.read(missing_group=missing_group)
    assert len(tables.images) == len(tables.members) == left
    told = OWN if missing_group == "own" else ": left out"
    assert tables.notices == (f"7 of 9 images have no lesion id{told}",)


def test_images_without_a_lesion_may_be_refused(folders):
    message = refusal(folders.read, missing_group="error")
    assert "8 of 8 images have no lesion id: Test_melanoma_0, Test_melanoma_1, " in message
    assert "Fix: name their lesions, or set missing_group: own." in message


def test_a_folder_that_is_no_class_is_named_with_its_neighbour(folders):
    message = refusal(folders.add("Set/Train/naevus/x.jpg").read)
    assert "pictures in folders that are no class: 'naevus' (did you mean 'nevus'?" in message


def test_pictures_outside_of_any_folder_are_refused(folders):
    assert "no class: ''" in refusal(folders.add("x.jpg").read)


def test_a_class_without_pictures_is_refused(folders):
    message = refusal(folders.read, classes=TWO | {"vascular lesion": "VASC"})
    assert "images.zip has no pictures left of vascular lesion" in message


def test_another_label_is_another_truth(folders):
    before = folders.read().ground_truth_sha256
    assert folders.read().ground_truth_sha256 == before
    assert folders.read(classes={"nevus": "MEL", "melanoma": "NV"}).ground_truth_sha256 != before


# One name in several folders


TORN = ("Set/Train/nevus/ISIC_1.jpg", "Set/Test/melanoma/ISIC_1.jpg")
REPEATED = ("Set/Train/nevus/ISIC_2.jpg", "Set/Test/nevus/ISIC_2.jpg")
TOLD = "1 file names stand under two classes (ISIC_1: MEL and NV), 1 more than once under one"


def test_conflicts_are_refused(folders):
    message = refusal(folders.add(*TORN).add(*REPEATED).read, on_conflict="error")
    assert TOLD in message
    assert "set on_conflict: drop or keep" in message


def test_conflicts_are_dropped_and_repeats_kept_once_in_training(folders):
    tables = folders.add(*TORN).add(*REPEATED).read(on_conflict="drop")
    assert tables.notices == (f"{TOLD}: 3 files left out", f"9 of 9 images have no lesion id{OWN}")
    left = tables.images.set_index("image")
    assert len(left) == 9
    assert "ISIC_1" not in left.index
    assert left.loc["ISIC_2", "official_part"] == "train"
    assert tables.members["ISIC_2"] == REPEATED[0]


def test_conflicts_are_kept_as_images_of_one_lesion(folders):
    tables = folders.add(*TORN).add(*REPEATED).read(on_conflict="keep")
    assert tables.notices == (f"{TOLD}: all kept", f"8 of 12 images have no lesion id{OWN}")
    kept = tables.images[tables.images["image"].str.startswith("ISIC")].set_index("image")
    assert kept["label"].to_dict() == {
        "ISIC_1-MEL": "MEL",
        "ISIC_1-NV": "NV",
        "ISIC_2-NV-test": "NV",
        "ISIC_2-NV-train": "NV",
    }
    assert kept["lesion"].tolist() == ["ISIC_1", "ISIC_1", "ISIC_2", "ISIC_2"]
    assert {tables.members[image] for image in kept.index} == {*TORN, *REPEATED}


def test_a_lesion_that_is_known_stays_the_lesion_of_a_kept_conflict(folders):
    folders.metadata = [["ISIC_1", "", "", "HAM_0000001", ""]]
    images = folders.add(*TORN).read(on_conflict="keep").images
    assert images.loc[images["lesion"] != "", "lesion"].tolist() == ["HAM_0000001"] * 2
    assert "1 lesions have two labels: HAM_0000001" in folders.read(on_conflict="keep").notices


@pytest.mark.parametrize("on_conflict", ["error", "drop", "keep"])
def test_without_conflicts_the_rule_does_not_matter(folders, on_conflict):
    pd.testing.assert_frame_equal(folders.read(on_conflict=on_conflict).images, folders.read().images)


def test_two_files_of_one_name_in_one_folder_are_refused(folders):
    folders.add("Set/Train/nevus/ISIC_1.jpg", "Set/Train/nevus/ISIC_1.png")
    assert "several files for one image: Set/Train/nevus/ISIC_1.jpg and" in refusal(folders.read)


# The whole pass


def test_the_packed_array_holds_each_file_under_its_image_id(folders):
    tables = folders.add(TORN[0], seed=1).add(TORN[1], seed=2).read()
    out = folders.folder / "out"
    for workers in (1, 2):
        ingest(
            folders.images,
            tables,
            size_px=32,
            source="nine",
            licence="CC0-1.0",
            on_bad_image="error",
            path_to_array=out / "images.npy",
            path_to_table=out / "images.csv",
            path_to_manifest=out / "manifest.json",
            path_to_bad_images=out / "bad_images.csv",
            workers=workers,
            say=lambda line: None,
        )
        array = np.load(out / "images.npy")
        table = pd.read_csv(out / "images.csv", dtype=str, keep_default_na=False)
        for row, image in enumerate(table["image"]):
            content = folders.pictures[tables.members[image]]
            np.testing.assert_array_equal(array[row], pack(decode(content, target_px=32), 32))
            assert table.loc[row, "sha256"] == hashlib.sha256(content).hexdigest()
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["classes"] == ["NV", "MEL"]
    assert manifest["counts_by_label"] == {"NV": 5, "MEL": 5}
    assert manifest["ground_truth_sha256"] == tables.ground_truth_sha256


@pytest.mark.parametrize("form", ["isic_challenge", "class_folders"])
def test_a_form_names_its_reader(form):
    assert load_reader(form).__name__ == form


# Where the files come from


def nine(folder):
    """What packing is told beside its paths."""
    return {"path_to_digests": folder / "digests.csv", "source": "nine", "page": PAGE}


def test_a_picture_whose_bits_changed_since_it_was_packed_is_refused(folders):
    """It decodes; a zip's checksum would find it, and a folder has none."""
    folder, packed = folders.unpack(), folders.folder / "packed.zip"
    pack = {"path": folder, "path_to_zip": packed, **nine(folders.folder)}
    pack_folders(**pack)
    flipped = folder / "Set/Train/nevus/Train_nevus_0.jpg"
    content = bytearray(flipped.read_bytes())
    content[-20] ^= 1
    flipped.write_bytes(content)
    assert decode(bytes(content)).changes == ()
    first = packed.read_bytes()
    message = refusal(pack_folders, **pack)
    assert "1 pictures in" in message
    assert "other bytes than before: Set/Train/nevus/Train_nevus_0.jpg" in message
    assert f"if you changed them yourself, delete {folders.folder / 'digests.csv'}" in message
    assert packed.read_bytes() == first
    (folders.folder / "digests.csv").unlink()
    pack_folders(**pack)
    assert packed.read_bytes() != first


def test_pictures_may_come_to_a_folder_and_go(folders):
    folder, packed = folders.unpack(), folders.folder / "packed.zip"
    pack = {"path": folder, "path_to_zip": packed, **nine(folders.folder)}
    pack_folders(**pack)
    (folder / "Set/Train/nevus/Train_nevus_0.jpg").unlink()
    (folder / "Set/Train/nevus/new.jpg").write_bytes(picture(9))
    pack_folders(**pack)
    with zipfile.ZipFile(packed) as archive:
        assert len(archive.namelist()) == 8
        assert "Set/Train/nevus/new.jpg" in archive.namelist()


def test_a_folder_and_its_zip_read_alike(folders):
    folders.add(*TORN).add("Set/LICENSE.txt", "__MACOSX/Set/Train/nevus/._x.jpg")
    said = []
    packed = folders.folder / "packed.zip"
    pack_folders(path=folders.unpack(), path_to_zip=packed, **nine(folders.folder), say=said.append)
    assert said == [f"10 pictures from {folders.folder / 'unpacked'}"]
    one, other = folders.read(), class_folders(packed, classes=TWO)
    pd.testing.assert_frame_equal(one.images, other.images)
    assert one.members == other.members
    first = packed.read_bytes()
    pack_folders(path=folders.folder / "unpacked", path_to_zip=packed, **nine(folders.folder))
    assert packed.read_bytes() == first


def test_a_zip_is_copied_not_linked(folders):
    copy = folders.folder / "copy.zip"
    pack_folders(path=folders.write().images, path_to_zip=copy, **nine(folders.folder))
    assert copy.read_bytes() == folders.images.read_bytes()
    assert not copy.samefile(folders.images)


@pytest.mark.parametrize(
    ("path", "told"), [(None, "is not set"), ("nowhere/nine.zip", "no nowhere/nine.zip")]
)
def test_without_the_files_the_run_says_where_to_get_them(tmp_path, path, told):
    message = refusal(pack_folders, path=path, path_to_zip=tmp_path / "x.zip", **nine(tmp_path))
    assert f"sources.nine.path{' ' if path is None else ': '}{told}" in message
    assert f"get the zip from {PAGE} by hand and set sources.nine.path" in message
    assert not list(tmp_path.iterdir())


def test_a_folder_without_pictures_and_a_broken_zip_are_refused(folders):
    (folders.folder / "empty").mkdir()
    options = {"path_to_zip": folders.folder / "x.zip", **nine(folders.folder)}
    assert "holds no pictures" in refusal(pack_folders, path=folders.folder / "empty", **options)
    folders.images.write_bytes(b"<html>Sign in</html>")
    assert "is not a zip" in refusal(pack_folders, path=folders.images, **options)
