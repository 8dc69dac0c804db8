"""What trainings rest on is looked at before any of them: every problem is found, named and listed."""

import csv
import json

import numpy as np
import pandas as pd
import pytest
import torch
import validate_weights as weights_script
from validate import try_device, validate
from validate_split import validate_split

from skinkd.atomic import digest_of
from skinkd.errors import InputError
from skinkd.findings import Finding, check_findings, write_findings
from skinkd.networks import build_network
from skinkd.splits import summary_of

CLASSES = ("MEL", "NV")
PARTS = ("train", "train", "train", "validation", "test")


class Archive:
    """A small archive with two folds, which a test may damage before it is looked at."""

    def __init__(self, folder):
        self.folder = folder
        labels = [CLASSES[index % 2] for index in range(20)]
        images = [f"I{index:02d}" for index in range(20)]
        self.array = np.zeros((20, 8, 8, 3), np.uint8)
        self.table = pd.DataFrame({"image": images, "label": labels})
        self.manifest = {"classes": list(CLASSES), "n_images": 20}
        parts = [PARTS[index // 2 % 5] for index in range(20)]
        groups = [f"G{index:02d}" for index in range(20)]
        split = {"image": images, "row": range(20), "group": groups, "lesion": images, "label": labels}
        self.splits = [pd.DataFrame({**split, "part": parts}) for _ in range(2)]
        about = {"paper": "dsnet", "protocol": "leak_free", "classes": CLASSES}
        self.summaries = [summary_of(s, fold=f, **about) for f, s in enumerate(self.splits)]

    def write(self):
        """Write everything to the folder."""
        np.save(self.folder / "images.npy", self.array)
        self.table.to_csv(self.folder / "images.csv", index=False)
        (self.folder / "manifest.json").write_text(json.dumps(self.manifest), encoding="utf-8")
        for fold, (split, summary) in enumerate(zip(self.splits, self.summaries, strict=True)):
            split.to_csv(self.folder / f"fold{fold}.csv", index=False)
            (self.folder / f"fold{fold}.json").write_text(json.dumps(summary), encoding="utf-8")

    def looked_at(self, grouped=True):
        """The record of a look at the first fold, after everything was written."""
        self.write()
        return self.look(grouped)

    def look(self, grouped=True):
        """The record of a look at what is there."""
        names = {"array": "images.npy", "table": "images.csv", "manifest": "manifest.json"}
        names |= {"split": "fold0.csv", "summary": "fold0.json"}
        paths = {name: self.folder / file for name, file in names.items()}
        about = "dsnet leak_free fold 0"
        validate_split(paths, self.folder / "validated.json", about, list(CLASSES), 8, grouped)
        return json.loads((self.folder / "validated.json").read_text(encoding="utf-8"))

    def study(self, device, **batches):
        """Look at the whole study of both folds."""
        self.looked_at()
        validate(
            [str(self.folder / "validated.json")],
            [self.folder / "fold0.csv", self.folder / "fold1.csv"],
            [batches] * 2,
            device,
            self.folder / "study.json",
        )


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path)


def problems_of(record):
    """Every problem that is shown, with its kind."""
    return [f"{kind}: {line}" for kind, found in record["problems"].items() for line in found["first"]]


def test_what_is_in_order_gives_the_same_record_each_time(archive):
    record = archive.looked_at()
    assert record["problems"] == {}
    assert record["checked"] == {"images": 20, "classes": list(CLASSES)}
    before = (archive.folder / "validated.json").read_bytes()
    archive.looked_at()
    assert (archive.folder / "validated.json").read_bytes() == before
    check_findings([archive.folder / "validated.json"])


def set_cell(fold, row, column, value):
    def damage(archive):
        archive.splits[fold][column] = archive.splits[fold][column].astype(object)
        archive.splits[fold].loc[row, column] = value

    return damage


def swapped_classes(archive):
    archive.manifest["classes"] = ["NV", "MEL"]


def swapped_summary(archive):
    archive.summaries[0]["classes"] = ["NV", "MEL"]


def fewer_pictures(archive):
    archive.array = archive.array[:19]


def larger_pictures(archive):
    archive.array = np.zeros((20, 9, 9, 3), np.uint8)


def row_left_out(archive):
    archive.splits[0] = archive.splits[0].drop(index=0)


def row_twice(archive):
    archive.splits[0] = pd.concat([archive.splits[0], archive.splits[0][:1]])


def no_column(archive):
    archive.splits[0] = archive.splits[0].drop(columns="group")


def class_lost(archive):
    split = archive.splits[0]
    split.loc[(split["part"] == "test") & (split["label"] == "NV"), "part"] = "train"


def group_on_both_sides(archive):
    archive.splits[0].loc[[0, 9], "group"] = "G00"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (swapped_classes, "classes: the archive: has the classes NV, MEL; the config's split has MEL, NV"),
        (
            swapped_summary,
            "fold0.json: has the classes NV, MEL; the config's split has MEL, NV, in this order",
        ),
        (fewer_pictures, "images.npy: has 19 pictures, its table has 20"),
        (
            larger_pictures,
            "images.npy: holds uint8 of shape (20, 9, 9, 3), size_px asks for pictures of 8 px",
        ),
        (row_left_out, "fold0.csv: train has 5 images of MEL, the summary beside it says 6"),
        (row_twice, "fold0.csv: I00 stands there more than once"),
        (no_column, "fold0.csv: has no column group"),
        (class_lost, "fold0.csv: test has no NV"),
        (group_on_both_sides, "fold0.csv: group G00 is in test and train"),
        (set_cell(0, 3, "row", 20), "fold0.csv: I03 points to row 20 of 20 pictures"),
        (set_cell(0, 3, "row", "x"), "fold0.csv: I03 points to row x of 20 pictures"),
        (set_cell(0, 3, "row", 2), "fold0.csv: I03 points to the picture of I02"),
        (set_cell(0, 3, "label", "BCC"), "fold0.csv: has the label 'BCC'; known are MEL, NV"),
        (set_cell(0, 3, "part", "tset"), "fold0.csv: has the part 'tset'; known are train, validation, test"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_damage_is_found(archive, damage, message):
    damage(archive)
    found = problems_of(archive.looked_at())
    assert any(message in problem for problem in found), found
    with pytest.raises(InputError, match=r"^ERROR \w+: dsnet leak_free fold 0: .*Fix: "):
        check_findings([archive.folder / "validated.json"])


def test_a_split_by_image_may_have_a_group_on_both_sides(archive):
    group_on_both_sides(archive)
    assert archive.looked_at(grouped=False)["problems"] == {}


def test_an_archive_of_more_classes_may_be_joined_to_the_tasks(archive):
    archive.manifest["classes"] = ["AK", "MEL", "NV"]
    assert archive.looked_at()["problems"] == {}


def test_pictures_that_are_cut_off_are_found(archive):
    archive.looked_at()
    path = archive.folder / "images.npy"
    path.write_bytes(path.read_bytes()[:-100])
    (problem,) = problems_of(archive.look())
    assert "images.npy: cannot be read as packed pictures (" in problem


def test_kinds_are_said_apart_and_all_of_them_at_once(archive):
    fewer_pictures(archive)
    class_lost(archive)
    archive.looked_at()
    with pytest.raises(InputError) as error:
        check_findings([archive.folder / "validated.json"])
    assert [line.split(":")[0] for line in str(error.value).splitlines()] == ["ERROR archive", "ERROR split"]


def test_ten_are_shown_and_the_list_has_all(tmp_path):
    findings = [Finding("split", "fold0.csv", f"problem {index}, of many") for index in range(13)]
    path = tmp_path / "leak_free.json"
    write_findings(path, "dsnet leak_free", {}, findings)
    with pytest.raises(InputError) as error:
        check_findings([path])
    assert "problem 9, of many" in str(error.value) and "problem 10" not in str(error.value)
    assert f"and 3 more, all of them in {tmp_path / 'leak_free.csv'}" in str(error.value)
    with open(tmp_path / "leak_free.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["kind", "place", "what"]
    assert [Finding(*row) for row in rows[1:]] == findings
    write_findings(path, "dsnet leak_free", {}, findings[:10])
    assert not (tmp_path / "leak_free.csv").exists(), "the list of an earlier look"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Weights of the small residual network, as a publisher has them."""
    path = tmp_path_factory.mktemp("weights") / "resnet10.pth"
    torch.save(build_network("resnet", 1000, 32, {"depth": 10}).state_dict(), path)
    return path


def record_of_weights(path, tmp_path, name, parameters, sha256=None):
    """What is found in weights."""
    record = tmp_path / "weights.json"
    network = {"name": name, "parameters": parameters, "classes": 8}
    weights_script.validate_weights(path, record, "resnet10", sha256, network, size_px=32)
    return json.loads(record.read_text(encoding="utf-8"))


def test_weights_that_fit_are_in_order(weights, tmp_path):
    record = record_of_weights(weights, tmp_path, "resnet", {"depth": 10}, digest_of(weights)[:8])
    assert record["problems"] == {}
    assert record["checked"]["sha256"] == digest_of(weights)


@pytest.mark.parametrize(("name", "parameters"), [("resnet", {"depth": 18}), ("dsnet", {})])
def test_weights_are_compared_with_their_digest_and_the_network(weights, tmp_path, name, parameters):
    found = problems_of(record_of_weights(weights, tmp_path, name, parameters, "0" * 8))
    assert f"sha256 is {digest_of(weights)}, expected 00000000" in found[0]
    assert "does not fit the network" in found[1]
    assert "ERROR" not in "".join(found)


def test_damaged_weights_are_named(weights, tmp_path):
    path = tmp_path / "cut.pth"
    path.write_bytes(weights.read_bytes()[:1000])
    (problem,) = problems_of(record_of_weights(path, tmp_path, "resnet", {"depth": 10}))
    assert "cut.pth cannot be read as weights" in problem


DEVICE = {"name": "cpu", "precision": "float32", "threads": 1, "deterministic": False, "compile": "never"}


def test_the_study_is_refused_with_all_problems_and_its_devices(archive):
    if torch.cuda.is_available():
        pytest.skip("this machine has the device that is to be missing")
    set_cell(1, 8, "part", "train")(archive)
    group_on_both_sides(archive)
    with pytest.raises(InputError) as error:
        archive.study(DEVICE | {"name": "cuda"}, dsnet=4, batch_96=96)
    said = str(error.value).splitlines()
    assert [line.split(":")[0] for line in said] == [
        "ERROR split",
        "ERROR batch",
        "ERROR split",
        "ERROR device",
    ]
    assert "group G00 is in test and train" in said[0]
    assert "fold0.json: batch_size 96 of batch_96" in said[1] and "fold1.json: batch_size 96" in said[1]
    assert "fold1.csv: 1 test images are not those of" in said[2]
    assert not (archive.folder / "study.json").exists()


def test_a_study_in_order_is_written_down(archive):
    archive.study(DEVICE, dsnet=4)
    assert json.loads((archive.folder / "study.json").read_text(encoding="utf-8"))["device"] == DEVICE


def test_a_device_that_is_there_and_does_not_compute_is_refused(monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no kernel image is available for execution on the device\nmore")

    monkeypatch.setattr(torch, "ones", broken)
    with pytest.raises(InputError, match=r"cpu does not compute: no kernel image .*device\. Every .*driver"):
        try_device(DEVICE)
