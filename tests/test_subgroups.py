"""Subgroups: counted always, scored where there is enough, never over fewer classes than the task has."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score
from test_scores import OPTIONS, files, run

from skinkd import tested_arms
from skinkd.details.subgroups import age_band, groups_of_images, read_about, subgroups_of
from skinkd.errors import InputError
from skinkd.intact import sealed
from skinkd.intervals import wilson
from skinkd.scores import score


def arm_of(n=400):
    return tested_arms.tested([("a", run(n=n))])


def table_of(images, **columns):
    return pd.DataFrame({"image": images, **columns}, dtype=str).to_dict("records")


def found_in(arm, **columns):
    """The groups of an arm by kind and name."""
    about = groups_of_images(table_of(arm.images, **columns), "archive")
    return {(g["by"], g["group"]): g for g in subgroups_of(arm, about, **OPTIONS)["groups"]}


def test_groups_are_those_of_the_table_and_what_is_not_told_is_unknown():
    columns = {"sex": ["male", "", ""], "age": ["0", "29.9", "x"], "origin": ["HAM", "unknown", "BCN"]}
    about = groups_of_images(table_of(["a", "b", "c"], **columns), "my_archive")
    own = {kind: [about[image][kind] for image in "abc"] for kind in ("sex", "age", "site", "source")}
    assert own["sex"] == ["male", "unknown", "unknown"]
    assert own["age"] == ["below 30", "below 30", "unknown"]
    assert own["site"] == ["unknown"] * 3
    assert own["source"] == ["HAM10000", "my_archive", "BCN20000"]
    assert [age_band(age) for age in ("30", "49.9", "50", "70", "85", "", "-1", "nan")] == [
        *("30 to 49", "30 to 49", "50 to 69", "70 or more", "70 or more", "unknown", "unknown", "unknown"),
    ]


def test_a_group_is_scored_on_its_own_images():
    arm = arm_of()
    is_male = np.arange(len(arm.images)) % 3 == 0
    groups = found_in(arm, sex=np.where(is_male, "male", "female"))
    own, said = arm.labels[is_male], arm.logits[0][0][is_male].argmax(axis=1)
    male = groups["sex", "male"]
    assert male["images"] == is_male.sum()
    assert male["accuracy"]["value"] == pytest.approx((own == said).mean())
    assert male["balanced_accuracy"]["value"] == pytest.approx(balanced_accuracy_score(own, said))
    assert male["recall"]["value"] == pytest.approx((said == 0)[own == 0].mean())
    for metric in ("accuracy", "balanced_accuracy", "recall"):
        assert male[metric]["low"] < male[metric]["value"] < male[metric]["high"]
    assert groups["age", "unknown"]["images"] == len(arm.images)
    assert sum(g["images"] for (by, _), g in groups.items() if by == "sex") == len(arm.images)


def test_balanced_accuracy_is_over_all_classes_or_over_none():
    """scikit-learn would take the mean over the classes that are left, and say nothing."""
    arm = arm_of()
    sexes = np.where(arm.labels == 2, "male", "female")
    groups = found_in(arm, sex=sexes)
    female = groups["sex", "female"]
    assert female["classes"] == ["MEL", "NV"]
    assert female["balanced_accuracy"]["value"] is None
    assert female["balanced_accuracy"]["reason"] == "no image of BCC, of 3 classes"
    assert female["accuracy"]["value"] is not None
    male = groups["sex", "male"]
    assert male["recall"] == {
        "value": None,
        "low": None,
        "high": None,
        "reason": "fewer than 10 images of MEL (0)",
    }


def test_small_groups_are_counted_and_not_shown():
    arm = arm_of()
    sexes = np.where(np.arange(len(arm.images)) < 29, "male", "female")
    male = found_in(arm, sex=sexes)["sex", "male"]
    assert male["images"] == 29
    assert {male[m]["reason"] for m in ("accuracy", "balanced_accuracy", "recall")} == {
        "fewer than 30 images"
    }
    sexes = np.where(np.arange(len(arm.images)) < 30, "male", "female")
    assert found_in(arm, sex=sexes)["sex", "male"]["accuracy"]["value"] is not None


def test_a_recall_without_a_miss_still_has_a_width():
    """Every resample of hits is of hits alone: a bootstrap would be sure of what few lesions show."""
    arm = arm_of()
    faultless = np.where((arm.labels == 0)[:, None], np.eye(3)[0] * 9, arm.logits[0][0])
    arm = replace(arm, logits=(faultless[None],))
    recall = found_in(arm)["sex", "unknown"]["recall"]
    n_lesions = len(set(arm.lesions[arm.labels == 0]))
    assert (recall["value"], recall["high"]) == (1, 1)
    assert recall["low"] == pytest.approx(wilson(1, n_lesions, OPTIONS["confidence"])[0])
    assert recall["low"] < 0.97


def test_ages_stand_in_their_order_and_the_unknown_last():
    arm = arm_of()
    ages = np.resize(["70", "", "5", "55", "33"], len(arm.images))
    names = [name for by, name in found_in(arm, age=ages) if by == "age"]
    assert names == ["below 30", "30 to 49", "50 to 69", "70 or more", "unknown"]


def test_an_image_that_the_table_lacks_is_of_unknown_groups():
    arm = arm_of()
    about = groups_of_images(table_of(arm.images[:200], sex=["male"] * 200), "archive")
    groups = {(g["by"], g["group"]): g for g in subgroups_of(arm, about, **OPTIONS)["groups"]}
    assert groups["sex", "unknown"]["images"] == len(arm.images) - 200


def test_a_score_has_its_subgroups_or_says_why_not(tmp_path):
    paths = files(tmp_path, run(n=400))
    without = score(paths, [], **OPTIONS)["subgroups"]
    assert (without["groups"], without["reason"]) == ([], "nothing is known of the images")
    images = run(n=400).images
    about = groups_of_images(table_of(images, sex=["male"] * len(images)), "archive")
    record = score(paths, [], **OPTIONS, about=about)
    group = next(g for g in record["subgroups"]["groups"] if g["by"] == "sex")
    accuracy = next(m for m in record["metrics"] if (m["metric"], m["class"]) == ("accuracy", ""))
    assert [group["accuracy"][key] for key in ("value", "low", "high")] == pytest.approx(
        [accuracy[key] for key in ("value", "low", "high")]
    ), "all images under the same resamples"
    json.dumps(record, allow_nan=False)


def test_a_table_of_another_archive_is_refused(tmp_path):
    table, summary = tmp_path / "images.csv", tmp_path / "fold0.json"
    table.write_text("image,sex\na,male\n")
    summary.write_text(json.dumps(sealed({"table_sha256": "00"})))
    with pytest.raises(InputError, match=r"images.csv is not what was written"):
        read_about(table, [summary], "archive")
