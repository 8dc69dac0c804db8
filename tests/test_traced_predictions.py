"""Scores rest on what a network said of its split, and on nothing else."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from score import score_arm
from test_scores import CLASSES, OPTIONS, files, run
from torch import nn

from skinkd.atomic import digest_of
from skinkd.checkpoints import read_description, save_network
from skinkd.errors import InputError
from skinkd.intact import read_sealed, sealed
from skinkd.predictions import RUN, write_predictions

PREDICTED = ["validation", "test"]


class Made:
    """Predictions, their networks' files and the split of their images, as jobs leave them."""

    def __init__(self, folder, arm, baseline=()):
        self.folder = folder
        self.table = pd.DataFrame(
            {
                **{"image": arm[0].images, "row": np.arange(len(arm[0])), "group": arm[0].lesions},
                **{"lesion": arm[0].lesions, "label": [CLASSES[label] for label in arm[0].labels]},
                "part": arm[0].parts,
            }
        )
        self.splits = {
            run.fold: (folder / f"fold{run.fold}.csv", folder / f"fold{run.fold}.json") for run in arm
        }
        self.about = folder / "images.csv"
        about = self.table[["image"]].assign(sex="female", age="55", site="", origin="HAM")
        about.to_csv(self.about, index=False)
        for split in self.splits.values():
            write_split(split, self.table)
        self.sides = files(folder, *arm), files(folder, *baseline)
        runs = zip([*self.sides[0], *self.sides[1]], [*arm, *baseline], strict=True)
        self.networks = {path: self.network_of(path, run) for path, run in runs}

    def network_of(self, path, run, **changes):
        """The file of the network that said the predictions at `path`."""
        description = {
            **{key: getattr(run, key) for key in RUN},
            "split": digest_of(self.splits[run.fold][0]),
            "predictions": digest_of(path),
            "told": {"predicted": PREDICTED},
        }
        save_network(path.with_suffix(".safetensors"), nn.Linear(2, 2), description | changes)
        return path.with_suffix(".safetensors")

    def score(self, name="scores.json"):
        """The record that the job writes."""
        path = self.folder / name
        about = {"path_to_table": self.about, "source": "archive"}
        score_arm(*self.sides, self.networks, self.splits, **about, **OPTIONS, path_to_scores=path)
        return path


def write_split(paths, table):
    table.to_csv(paths[0], index=False)
    digests = {"split_sha256": digest_of(paths[0]), "images_sha256": ""}
    digests["table_sha256"] = digest_of(paths[0].with_name("images.csv"))
    paths[1].write_text(json.dumps(sealed({"classes": list(CLASSES), **digests})))


def refusal(made):
    with pytest.raises(InputError) as error:
        made.score()
    assert not (made.folder / "scores.json").exists()
    return str(error.value)


def test_the_adaptor_writes_the_same_bytes_twice_and_what_they_rest_on(tmp_path):
    made = Made(tmp_path, [run("distilled", seed=1), run("distilled", seed=0)], [run("plain")])
    first, second = made.score("first.json"), made.score("second.json")
    assert first.read_bytes() == second.read_bytes()
    record = read_sealed(first, "scores")
    assert record["baseline"] == "plain"
    for side, links in zip(made.sides, ("runs", "baseline"), strict=True):
        expected = [
            {
                **{key: description[key] for key in ("fold", "seed", "split", "weights")},
                "predictions": digest_of(path),
            }
            for path in sorted(side)
            for description in [read_description(made.networks[path])]
        ]
        assert record["made_from"][links] == expected
    assert record["made_from"]["table"] == digest_of(made.about)
    groups = {(g["by"], g["group"]): g["images"] for g in record["subgroups"]["groups"]}
    assert groups["source", "HAM10000"] == groups["age", "50 to 69"] == record["n_images"]


def test_an_edited_table_of_images_is_refused(tmp_path):
    made = Made(tmp_path, [run()])
    made.about.write_text(made.about.read_text().replace("female", "male", 1))
    assert f"ERROR archive: {made.about} is not what was written" in refusal(made)


def test_edited_predictions_are_refused(tmp_path):
    made = Made(tmp_path, [run()])
    (path,) = made.sides[0]
    text = path.read_text()
    path.write_text(text.replace(",MEL,", ",NV,", 1))
    said = refusal(made)
    assert said.startswith(
        f"ERROR predictions: {path} is not what was written: its sha256 is {digest_of(path)[:12]}…"
    )
    assert str(made.networks[path]) in said


def test_an_edited_split_is_refused(tmp_path):
    made = Made(tmp_path, [run()])
    path, _ = made.splits[0]
    path.write_text(path.read_text().replace(",validation\n", ",test\n", 1))
    assert f"ERROR split: {path} is not what was written" in refusal(made)


def test_an_edited_summary_is_refused(tmp_path):
    made = Made(tmp_path, [run()])
    _, path = made.splits[0]
    path.write_text(path.read_text().replace('"MEL", "NV"', '"NV", "MEL"'))
    assert f"ERROR split: {path} is not what was written" in refusal(made)


def test_predictions_on_another_split_are_refused(tmp_path):
    made = Made(tmp_path, [run()])
    write_split(made.splits[0], made.table[::-1])
    (network,) = made.networks.values()
    assert f"{network}: it was trained on another split than {made.splits[0][0]}" in refusal(made)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda run: run.rows(np.arange(90) != 4), "it lacks ISIC_0004"),
        (
            lambda run: replace(run, parts=np.roll(run.parts, 1)),
            "it has another part of ISIC_0018, ISIC_0020",
        ),
        (
            lambda run: replace(run, labels=np.roll(run.labels, 1)),
            "it has another label of ISIC_0000, ISIC_0002",
        ),
        (lambda run: replace(run, lesions=run.images), "it has another lesion of ISIC_0000, ISIC_0001"),
    ],
    ids=["lacks", "part", "label", "lesion"],
)
def test_an_arm_without_baseline_is_compared_with_its_split(change, complaint, tmp_path):
    """Though its network's file says that these are its predictions."""
    made = Made(tmp_path, [run()])
    (path,) = made.sides[0]
    changed = change(run())
    write_predictions(path, changed)
    made.network_of(path, changed)
    assert complaint in refusal(made)


def test_images_outside_the_split_are_named(tmp_path):
    made = Made(tmp_path, [run()])
    write_split(made.splits[0], made.table[:-2])
    (path,) = made.sides[0]
    made.network_of(path, run())
    assert "it has images that are not there: ISIC_0088, ISIC_0089" in refusal(made)


def test_a_file_of_another_run_is_refused(tmp_path):
    made = Made(tmp_path, [run()])
    (path,) = made.sides[0]
    made.network_of(path, run(), seed=3)
    assert f"{path}: seed 0, {made.networks[path]} is of seed 3" in refusal(made)


def test_another_order_of_classes_than_the_splits_is_refused(tmp_path):
    made = Made(tmp_path, [run()])
    (path,) = made.sides[0]
    turned = replace(run(), classes=CLASSES[::-1])
    write_predictions(path, turned)
    made.network_of(path, turned)
    assert "classes BCC, NV, MEL, not MEL, NV, BCC, in this order" in refusal(made)
