"""A leak is made on purpose: siblings of test images in the places of training images, and nothing else."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_splits import BY_LESION, run_script, small_of, table_for, table_of

from skinkd.config import read_config
from skinkd.errors import InputError
from skinkd.injection_scores import injection_of
from skinkd.leak_injection import images_with_sibling, inject_siblings, injected_images
from skinkd.predictions import Predictions, write_predictions
from skinkd.splits import load_split
from skinkd.study import BASE, open_study


def sides(name, table, fold=1, seed=0):
    """A split by lesion, and the same with a leak."""
    split = load_split(name).split(table, fold=fold, **small_of(name))
    return split, inject_siblings(split, table, seed=seed, fold=fold)


def part(split, name):
    return set(split.loc[split["part"] == name, "image"])


def drawn(name, seed, share_blank, n_twins, most_images):
    """A drawn table and both splits of it; draws that a split refuses do not count."""
    options = {"share_blank": share_blank, "n_twins": n_twins, "most_images": most_images}
    table = table_for(name, np.random.default_rng(seed), n_lesions=220, **options)
    try:
        return table, *sides(name, table)
    except InputError:
        assume(False)


drawn_tables = given(
    seed=st.integers(0, 2**32 - 1),
    share_blank=st.floats(0, 0.5),
    n_twins=st.integers(0, 40),
    most_images=st.integers(1, 6),
)


@pytest.mark.parametrize("name", BY_LESION)
@settings(max_examples=8, deadline=None)
@drawn_tables
def test_only_training_images_are_exchanged(name, seed, share_blank, n_twins, most_images):
    table, clean, injected = drawn(name, seed, share_blank, n_twins, most_images)
    pd.testing.assert_frame_equal(injected, sides(name, table)[1])
    counts = [split.groupby("label")["part"].value_counts().unstack() for split in (clean, injected)]
    pd.testing.assert_frame_equal(counts[0][["train", "validation"]], counts[1][["train", "validation"]])
    assert set(injected["label"][injected["part"] == "test"]) == set(clean["label"])
    assert part(injected, "validation") == part(clean, "validation")
    siblings = part(clean, "test") - part(injected, "test")
    assert part(injected, "test") < part(clean, "test") or not siblings
    assert part(injected, "train") - part(clean, "train") == siblings
    # Whoever is tested with the leak was tested without: on these images both sides are compared.
    assert part(injected, "test") <= part(clean, "test")


@pytest.mark.parametrize("name", BY_LESION)
@settings(max_examples=8, deadline=None)
@drawn_tables
def test_every_injected_image_is_a_sibling_and_none_is_a_test_image(
    name, seed, share_blank, n_twins, most_images
):
    table, clean, injected = drawn(name, seed, share_blank, n_twins, most_images)
    siblings = part(clean, "test") - part(injected, "test")
    assert set(injected_images(injected)) == siblings
    groups = clean.set_index("image")["group"]
    tested = injected[injected["part"] == "test"]
    assert set(groups[list(siblings)]) <= set(tested["group"])
    assert set(images_with_sibling(injected)) == set(
        tested.loc[tested["group"].isin(groups[list(siblings)]), "image"]
    )
    sha256 = table.set_index("image")["sha256"]
    trained = set(sha256[list(part(injected, "train"))])
    assert not trained & set(sha256[list(part(injected, "test"))])
    assert len(siblings) <= len(part(clean, "test")) / 2


def test_siblings_are_the_same_in_every_fold_and_others_under_another_seed():
    table = table_of(np.random.default_rng(0), n_lesions=220)
    folds = [sides("ssd_kd_lesion", table, fold=fold)[1] for fold in (1, 2, 3)]
    assert len({frozenset(injected_images(split)) for split in folds}) == 1
    assert len(injected_images(folds[0])) > 5
    assert len({frozenset(part(split, "train")) for split in folds}) == 3
    other = sides("ssd_kd_lesion", table, seed=1)[1]
    assert set(injected_images(other)) != set(injected_images(folds[0]))


def test_where_no_lesion_has_two_pictures_nothing_is_injected():
    table = table_of(np.random.default_rng(0), most_images=1, n_twins=0, n_lesions=300)
    clean, injected = sides("ssd_kd_lesion", table)
    pd.testing.assert_frame_equal(clean, injected)
    assert injected_images(injected) == images_with_sibling(injected) == []


def test_no_class_leaves_the_test_part_or_outgrows_its_training_images():
    rows = [("t0", "T", "A"), ("t1", "T", "A"), ("t2", "T", "A"), ("t3", "T", "A"), ("u", "U", "B")]
    rows += [
        ("v0", "V", "C"),
        ("v1", "V", "D"),
        ("a", "X", "A"),
        ("b", "Y", "B"),
        ("c", "Z", "C"),
        ("d", "W", "D"),
    ]
    table = pd.DataFrame(rows, columns=["image", "lesion", "label"]).assign(sha256="")
    split = table.assign(row=range(len(table)), group=table["lesion"], part=["test"] * 7 + ["train"] * 4)
    for seed in range(20):
        injected = inject_siblings(split, table, seed=seed, fold=1)
        test = injected[injected["part"] == "test"]
        assert test["label"].value_counts().to_dict() == {"A": 4, "B": 1, "C": 1, "D": 1}
    more = pd.concat([split, split[split["image"] == "a"].assign(image="a2", row=11)], ignore_index=True)
    injected = inject_siblings(more, pd.concat([table, table[:1]]), seed=0, fold=1)
    assert len(injected_images(injected)) == 2


def test_the_script_injects_and_the_summary_counts(tmp_path):
    table = table_of(np.random.default_rng(0), n_lesions=220)
    split, summary = run_script(
        table, tmp_path, split="ssd_kd_lesion", protocol="leak_injected", injection_seed=0
    )
    leaked = images_with_sibling(split)
    assert leaked
    assert summary["leakage"]["test_images_sharing_a_lesion"] == len(leaked)
    assert summary["counts"]["test"]["NV"]["images"] == sum(
        (split["part"] == "test") & (split["label"] == "NV")
    )


# What it adds


def predicted(path, split, protocol, right, seed=0):
    """Predictions of two classes, in which the images of `right` get their label and others do not."""
    told = split[split["part"].isin(["validation", "test"])]
    labels = (told["label"] == "malignant").to_numpy(dtype=np.int64)
    logits = np.eye(2)[np.where(told["image"].isin(right), labels, 1 - labels)]
    columns = {column: told[column[:-1]].to_numpy(dtype=object) for column in ("images", "lesions", "parts")}
    run = Predictions(
        "p", protocol, "student", 1, seed, ("benign", "malignant"), **columns, labels=labels, logits=logits
    )
    write_predictions(path, run)
    return path


def test_the_difference_is_paired_on_the_test_images_that_stay(tmp_path):
    table = table_of(np.random.default_rng(0), n_lesions=220)
    clean, injected = sides("dsnet_lesion", table)
    staying, leaked = part(injected, "test"), set(images_with_sibling(injected))
    # Without the leak nothing is right but what leaves the test part; with it, what has a sibling.
    paths = [
        predicted(tmp_path / "injected.csv", injected, "leak_injected", leaked),
        predicted(tmp_path / "clean.csv", clean, "leak_free", part(clean, "test") - staying),
    ]
    found = injection_of([paths[0]], [paths[1]], injected, resamples=50, confidence=0.9, seed=0)
    assert found["images_injected"] == len(injected_images(injected)) > 0
    everyone, with_sibling = found["reaches"]
    assert (everyone["n_images"], with_sibling["n_images"]) == (len(staying), len(leaked))
    accuracy = next(record for record in everyone["metrics"] if record["metric"] == "accuracy")
    assert (accuracy["clean"], accuracy["injected"]) == (0, pytest.approx(len(leaked) / len(staying)))
    assert accuracy["value"] == accuracy["injected"]
    assert 0 < accuracy["low"] < accuracy["value"] < accuracy["high"] < 1
    accuracy = next(record for record in with_sibling["metrics"] if record["metric"] == "accuracy")
    assert (accuracy["value"], accuracy["low"], accuracy["high"]) == (1, 1, 1)


def test_predictions_of_other_images_are_refused(tmp_path):
    table = table_of(np.random.default_rng(0), n_lesions=220)
    clean, injected = sides("dsnet_lesion", table)
    path = predicted(tmp_path / "injected.csv", injected, "leak_injected", set())
    short = clean[~clean["image"].isin(sorted(part(injected, "test"))[:1])]
    other = predicted(tmp_path / "clean.csv", short, "leak_free", set())
    with pytest.raises(InputError, match=r"injected\.csv.*clean\.csv: images that only one of them holds"):
        injection_of([path], [other], injected, resamples=10, confidence=0.9, seed=0)


# The study


def test_an_injected_arm_is_the_leak_free_one_but_for_its_images():
    study = open_study(read_config(BASE))
    assert study.injected_cells() == [
        ("ssd_kd", "leak_free", "mobilenet_v2"),
        ("ssd_kd", "leak_injected", "mobilenet_v2"),
    ]
    for of in (study.paper, lambda *key: study.training(*key, "mobilenet_v2")):
        assert of("ssd_kd", "leak_injected") == of("ssd_kd", "leak_free")
    assert "leak_injected" not in study.protocols("ssd_kd")


def test_where_leak_free_does_not_run_nothing_is_injected():
    study = open_study(read_config(BASE, protocols=["as_published"]))
    assert study.injected_cells() == []
    with pytest.raises(InputError, match="unknown protocol 'leak_injected'"):
        study.paper("ssd_kd", "leak_injected")


@pytest.mark.parametrize(
    ("injection", "message"),
    [
        ({"ssd_kd": ["mobilenet"]}, "leak_injection.ssd_kd: unknown arm 'mobilenet'; did you mean"),
        ({"ssdkd": ["mobilenet_v2"]}, "unknown paper 'ssdkd'; did you mean 'ssd_kd'"),
        ({"ssd_kd": ["blkd", "blkd"]}, "leak_injection.ssd_kd: repeats an entry"),
    ],
)
def test_a_wrong_injection_is_named(injection, message):
    with pytest.raises(InputError) as error:
        open_study(read_config(BASE, leak_injection=injection))
    assert message in str(error.value)
