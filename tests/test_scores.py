"""Prediction files are checked on reading; an arm's scores are means over seeds, paired with a baseline's."""

import json
from dataclasses import replace

import numpy as np
import pytest

from skinkd.errors import InputError
from skinkd.intervals import wilson
from skinkd.metrics import evaluate
from skinkd.predictions import Predictions, read_predictions, write_predictions
from skinkd.quantities import METRICS
from skinkd.scores import score

CLASSES = ("MEL", "NV", "BCC")
OPTIONS = {"resamples": 60, "confidence": 0.9, "seed": 5}


def run(arm="plain", fold=0, seed=0, n=90, offset=0, skill=1.5):
    """One run's predictions: equal classes, two images per lesion, one tenth for validation."""
    numbers = np.arange(offset, offset + n)
    labels = numbers // 2 % 3
    noise = np.random.default_rng([seed, fold, len(arm), offset]).normal(size=(n, 3))
    return Predictions(
        paper="p",
        protocol="leak_free",
        arm=arm,
        fold=fold,
        seed=seed,
        classes=CLASSES,
        images=np.array([f"ISIC_{number:04}" for number in numbers], dtype=object),
        lesions=np.array([f"IL_{number // 2:04}" for number in numbers], dtype=object),
        parts=np.where(numbers % 20 < 18, "test", "validation").astype(object),
        labels=labels,
        logits=(noise + skill * np.eye(3)[labels]).astype(np.float32).astype(np.float64),
    )


def files(folder, *runs):
    paths = [folder / run.arm / f"fold{run.fold}-seed{run.seed}.csv" for run in runs]
    for path, predictions in zip(paths, runs, strict=True):
        write_predictions(path, predictions)
    return paths


def numbers_of(record, kind="metrics"):
    return {(entry["metric"], entry["class"]): entry for entry in record[kind]}


# prediction files


def test_what_is_written_is_read_back_exactly(tmp_path):
    written = run()
    (path,) = files(tmp_path, written)
    read = read_predictions(path, CLASSES)
    np.testing.assert_array_equal(read.logits.astype(np.float32), written.logits.astype(np.float32))
    for column in vars(written).keys() - {"logits"}:
        np.testing.assert_array_equal(getattr(read, column), getattr(written, column), err_msg=column)
    again = tmp_path / "again.csv"
    write_predictions(again, read)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("image,lesion,", "picture,lesion,", "no column image"),
        ("ISIC_0003,", "ISIC_0002,", "images that stand more than once: ISIC_0002"),
        (",IL_0001,test,NV,", ",IL_0001,test,Nevus,", "unknown labels: Nevus"),
        (",IL_0001,test,", ",IL_0001,training,", "unknown parts: training"),
        ("plain,0,0,ISIC_0000", "plain,0,1,ISIC_0000", "more than one run: seed 0, 1"),
        ("ISIC_0001,", "ISIC_0001,more,", "has 12 columns, but row 3 has 13"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path, old, new, complaint):
    (path,) = files(tmp_path, run())
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError) as error:
        read_predictions(path)
    assert complaint in str(error.value)
    assert path.name in str(error.value)


@pytest.mark.parametrize("word", ["nan", "inf", "", "high"])
def test_logits_that_are_not_finite_are_named_by_their_images(tmp_path, word):
    (path,) = files(tmp_path, run())
    lines = path.read_text().splitlines()
    for row in (4, 7):
        lines[row] = ",".join([*lines[row].split(",")[:-1], word])
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="not finite numbers: ISIC_0003, ISIC_0006"):
        read_predictions(path)


def test_several_problems_are_named_at_once(tmp_path):
    (path,) = files(tmp_path, run())
    path.write_text(path.read_text().replace("ISIC_0003,", "ISIC_0002,").replace(",NV,", ",Nevus,"))
    with pytest.raises(InputError, match=r"more than once: ISIC_0002; unknown labels: Nevus"):
        read_predictions(path)


def test_another_order_of_classes_is_refused(tmp_path):
    (path,) = files(tmp_path, run())
    with pytest.raises(InputError, match="classes MEL, NV, BCC, not NV, MEL, BCC, in this order"):
        read_predictions(path, ("NV", "MEL", "BCC"))


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(InputError, match=r"empty.csv is empty"):
        read_predictions(tmp_path / "empty.csv")
    (path,) = files(tmp_path, run())
    path.write_text(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(InputError, match="no row"):
        read_predictions(path)


# scores


def test_values_are_means_over_seeds_on_the_test_part(tmp_path):
    runs = [run(seed=seed) for seed in (0, 1, 2)]
    record = score(files(tmp_path, *runs), [], **OPTIONS)
    tests = [predictions.part("test") for predictions in runs]
    expected = [evaluate(test.labels, test.logits).overall["balanced_accuracy"][0] for test in tests]
    entry = numbers_of(record)["balanced_accuracy", ""]
    assert entry["by_seed"] == pytest.approx(expected)
    assert entry["value"] == pytest.approx(np.mean(expected))
    assert entry["seed_sd"] == pytest.approx(np.std(expected, ddof=1))
    assert entry["low"] < entry["value"] < entry["high"]
    assert (record["n_seeds"], record["n_images"], record["n_lesions"]) == (3, 82, 41)
    assert np.sum(record["confusion"]) == 3 * 82
    assert sum(has["images"] for has in record["support"].values()) == 82


def test_every_metric_of_the_registry_is_scored(tmp_path):
    record = score(files(tmp_path, run()), [], **OPTIONS)
    overall = {(name, "") for name, metric in METRICS.items() if metric.overall}
    by_class = {(name, own) for name, metric in METRICS.items() if metric.by_class for own in CLASSES}
    assert set(numbers_of(record)) == overall | by_class
    assert (record["baseline"], record["differences"]) == (None, [])
    assert numbers_of(record)["auc", ""]["seed_sd"] is None


def test_equal_seeds_equal_bytes_and_other_seeds_other_intervals(tmp_path):
    paths = files(tmp_path, run())
    first, again = score(paths, [], **OPTIONS), score(paths, [], **OPTIONS)
    other = score(paths, [], **OPTIONS | {"seed": 6})
    assert json.dumps(first) == json.dumps(again)
    assert numbers_of(first)["auc", ""]["value"] == numbers_of(other)["auc", ""]["value"]
    assert numbers_of(first)["auc", ""]["low"] != numbers_of(other)["auc", ""]["low"]


def test_neither_the_order_of_rows_nor_of_files_changes_anything(tmp_path):
    runs = [run(seed=seed) for seed in (0, 1)]
    shuffled = [
        predictions.rows(np.random.default_rng(predictions.seed).permutation(len(predictions)))
        for predictions in runs
    ]
    first = score(files(tmp_path / "sorted", *runs), [], **OPTIONS)
    assert score(files(tmp_path / "shuffled", *shuffled)[::-1], [], **OPTIONS) == first


def test_an_arm_does_not_differ_from_itself(tmp_path):
    paths = files(tmp_path, run(seed=0), run(seed=1))
    differences = score(paths, paths, **OPTIONS)["differences"]
    assert differences
    assert {(entry["value"], entry["low"], entry["high"]) for entry in differences} == {(0.0, 0.0, 0.0)}


def test_a_difference_is_paired(tmp_path):
    # The same errors but for one lesion in five: arms vary together, so their difference varies little.
    weaker = run("plain")
    better = replace(
        weaker,
        arm="distilled",
        logits=weaker.logits + 2 * np.eye(3)[weaker.labels] * (weaker.labels == 0)[:, None],
    )
    record = score(files(tmp_path, better), files(tmp_path, weaker), **OPTIONS)
    change, own = (numbers_of(record, kind)["accuracy", ""] for kind in ("differences", "metrics"))
    baseline = numbers_of(score(files(tmp_path, weaker), [], **OPTIONS))["accuracy", ""]
    assert change["baseline"] == record["baseline"] == "plain"
    assert change["value"] == pytest.approx(own["value"] - baseline["value"])
    assert change["low"] > own["low"] - baseline["high"]
    assert change["high"] - change["low"] < (own["high"] - own["low"]) + (baseline["high"] - baseline["low"])


def test_swapping_the_sides_turns_the_difference_around(tmp_path):
    one, other = files(tmp_path, run("plain")), files(tmp_path, run("distilled", skill=2.5))
    there = numbers_of(score(one, other, **OPTIONS), "differences")
    back = numbers_of(score(other, one, **OPTIONS), "differences")
    for key, entry in there.items():
        assert entry["value"] == -back[key]["value"]
        assert (entry["low"], entry["high"]) == pytest.approx((-back[key]["high"], -back[key]["low"]))


def test_folds_that_test_the_same_images_are_models_of_them(tmp_path):
    runs = [replace(run(seed=0), fold=1), replace(run(seed=1), fold=2, seed=0)]
    record = score(files(tmp_path, *runs), [], **OPTIONS)
    tests = [predictions.part("test") for predictions in runs]
    expected = np.mean([evaluate(test.labels, test.logits).overall["map"][0] for test in tests])
    assert numbers_of(record)["map", ""]["value"] == pytest.approx(expected)
    assert (record["n_seeds"], record["n_images"]) == (1, 82)


def test_folds_with_their_own_test_images_are_pooled(tmp_path):
    runs = [run(fold=0), run(fold=1, offset=100)]
    record = score(files(tmp_path, *runs), [], **OPTIONS)
    tests = [predictions.part("test") for predictions in runs]
    labels, logits = (
        np.concatenate([getattr(test, name) for test in tests]) for name in ("labels", "logits")
    )
    assert record["n_images"] == len(labels)
    assert record["runs"] == [{"fold": 0, "seed": 0}, {"fold": 1, "seed": 0}]
    assert numbers_of(record)["auc", ""]["value"] == pytest.approx(evaluate(labels, logits).overall["auc"][0])


@pytest.mark.parametrize(
    ("runs", "complaint"),
    [
        ([run(), run(seed=1, n=88)], "images that only one of them holds: "),
        ([run(fold=0), run(fold=1, offset=40)], "folds that share a part of their images: "),
        ([run(), run("other")], "arm plain and other"),
        ([run(), replace(run(seed=1), classes=("NV", "MEL", "BCC"))], "classes "),
        ([run(fold=0), run(fold=1), run(fold=0, seed=1)], "seed 0 has the folds [0, 1], seed 1 [0]"),
        ([run(), replace(run(seed=1), labels=(run().labels + 1) % 3)], "different labels of ISIC_0000, "),
        ([run(), replace(run(seed=1), lesions=run().images)], "different lesions of ISIC_0000, "),
    ],
    ids=["images", "overlap", "arm", "classes", "folds", "labels", "lesions"],
)
def test_runs_that_do_not_fit_are_both_named(tmp_path, runs, complaint):
    paths = files(tmp_path, *runs)
    with pytest.raises(InputError) as error:
        score(paths, [], **OPTIONS)
    assert complaint in str(error.value)
    assert sum(str(path) in str(error.value) for path in paths) == 2


def test_the_same_run_twice_is_refused(tmp_path):
    paths = files(tmp_path / "a", run()) + files(tmp_path / "b", run())
    with pytest.raises(InputError, match="both are fold 0, seed 0"):
        score(paths, [], **OPTIONS)


def test_a_baseline_on_other_images_is_refused(tmp_path):
    with pytest.raises(InputError, match="only one of them holds"):
        score(files(tmp_path, run("distilled")), files(tmp_path, run("plain", n=88)), **OPTIONS)


def test_a_class_without_test_images_is_said(tmp_path):
    whole = run()
    record = score(files(tmp_path, whole.rows(whole.labels != 1)), [], **OPTIONS)
    numbers = numbers_of(record)
    for metric in ("balanced_accuracy", "auc", "map", "macro_precision", "f1_macro"):
        entry = numbers[metric, ""]
        assert (entry["value"], entry["low"], entry["high"], entry["by_seed"]) == (None, None, None, [None])
        assert entry["note"] == "undefined: no image of NV, of 3 classes"
    assert numbers["recall", "NV"]["note"] == "undefined: no image of NV"
    assert numbers["accuracy", ""]["value"] is not None
    assert "NV" not in record["roc"]
    assert record["mean_logits"][1] is None
    assert record["support"]["NV"] == {"images": 0, "lesions": 0}
    json.dumps(record, allow_nan=False)


def test_notes_say_what_a_value_rests_on(tmp_path):
    whole = run()
    record = score(files(tmp_path, whole.rows((whole.labels != 2) | (np.arange(90) < 6))), [], **OPTIONS)
    numbers = numbers_of(record)
    assert numbers["auc", ""]["note"] == "mean of 3 classes"
    assert numbers["auc", "BCC"]["note"] == "a single lesion: its interval says nothing"
    assert numbers["recall", "NV"]["note"] == numbers["accuracy", ""]["note"] == ""


def test_shares_of_none_and_of_all_are_not_taken_for_certain(tmp_path):
    """Every resample of an arm that never says NV is without NV: its percentiles would have no width."""
    whole = run()
    never_nv = replace(whole, logits=whole.logits - [0, 99, 0])
    record = score(files(tmp_path, never_nv), [], **OPTIONS)
    numbers, lesions = numbers_of(record), {name: has["lesions"] for name, has in record["support"].items()}
    for metric, value, cases in (
        ("recall", 0, lesions["NV"]),
        ("false_negative_rate", 1, lesions["NV"]),
        ("specificity", 1, lesions["MEL"] + lesions["BCC"]),
        ("false_positive_rate", 0, lesions["MEL"] + lesions["BCC"]),
    ):
        entry = numbers[metric, "NV"]
        assert entry["value"] == value
        assert (entry["low"], entry["high"]) == pytest.approx(wilson(value, cases, OPTIONS["confidence"]))
        assert entry["note"] == ""
    assert numbers["precision", "NV"]["note"] == "the same in every resample: its interval says nothing"
    assert numbers["recall", "MEL"]["low"] < numbers["recall", "MEL"]["high"]


def test_what_is_always_right_is_so_of_as_many_cases_as_lesions(tmp_path):
    whole = run()
    # One lesion has images of two classes, and is one case of all three.
    lesions = whole.lesions.copy()
    lesions[2] = lesions[0]
    right = replace(whole, logits=99.0 * np.eye(3)[whole.labels], lesions=lesions)
    numbers = numbers_of(score(files(tmp_path, right), [], **OPTIONS))
    tested = right.parts == "test"
    for place, among in ((("accuracy", ""), tested), (("specificity", "BCC"), tested & (right.labels != 2))):
        entry, cases = numbers[place], len(set(lesions[among]))
        assert (entry["value"], entry["note"]) == (1, "")
        assert (entry["low"], entry["high"]) == pytest.approx(wilson(1, cases, OPTIONS["confidence"]))


def test_no_test_image_is_refused(tmp_path):
    with pytest.raises(InputError, match="has no test image"):
        score(files(tmp_path, run().part("validation")), [], **OPTIONS)


def learned(predictions, n_train=40):
    """The same run with its first images used for training, which it knows better."""
    known = np.arange(len(predictions)) < n_train
    return replace(
        predictions,
        parts=np.where(known, "train", predictions.parts).astype(object),
        logits=predictions.logits + 5 * np.eye(3)[predictions.labels] * known[:, None],
    )


def test_everything_is_all_images_and_nothing_is_added_without_training_images(tmp_path):
    whole = learned(run())
    record = score(files(tmp_path, whole), [], **OPTIONS)
    everything = numbers_of(record, "everything")
    labels, logits = (getattr(whole, name) for name in ("labels", "logits"))
    found = evaluate(labels, logits)
    assert set(everything) == set(numbers_of(record))
    assert everything["accuracy", ""]["value"] == pytest.approx(found.overall["accuracy"][0])
    assert everything["specificity", "NV"]["value"] == pytest.approx(found.by_class["specificity"][0, 1])
    assert record["n_images"] == (whole.parts == "test").sum() < len(labels)
    assert everything["accuracy", ""]["value"] > numbers_of(record)["accuracy", ""]["value"]
    assert everything["accuracy", ""]["low"] < everything["accuracy", ""]["value"]
    without = score(files(tmp_path / "without", run()), [], **OPTIONS)
    assert without["everything"] == []


def test_the_test_part_does_not_change_with_what_else_a_file_holds(tmp_path):
    whole = learned(run())
    kept = whole.rows(whole.parts != "train")
    first, other = (
        score(files(tmp_path / name, one), [], **OPTIONS) for name, one in (("a", whole), ("b", kept))
    )
    assert first | {"everything": []} == other


def test_training_images_in_one_file_only_are_refused(tmp_path):
    paths = files(
        tmp_path, learned(run()), replace(run(), seed=1).part("test", "validation").rows(np.arange(60))
    )
    with pytest.raises(InputError, match="only one of them holds"):
        score(paths, [], **OPTIONS)


def test_corrected_counts_what_the_baseline_got_wrong_by_hand(tmp_path):
    labels = np.array([0, 0, 0, 1, 2, 2])
    images = np.array([f"I{index}" for index in range(6)], dtype=object)
    said = {"plain": [1, 1, 0, 1, 0, 1], "distilled": [0, 2, 0, 1, 2, 2]}
    runs = {
        arm: replace(
            run(arm),
            images=images,
            lesions=images,
            parts=np.full(6, "test", dtype=object),
            labels=labels,
            logits=np.eye(3)[answers],
        )
        for arm, answers in said.items()
    }
    arm, baseline = files(tmp_path, runs["distilled"]), files(tmp_path, runs["plain"])
    assert score(arm, baseline, **OPTIONS)["corrected"] == [[0, 1, 0], [0, 0, 0], [1, 1, 0]]
    assert score(arm, [], **OPTIONS)["corrected"] is None


def test_mean_logits_are_those_of_each_class(tmp_path):
    runs = [run(seed=seed) for seed in (0, 1)]
    record = score(files(tmp_path, *runs), [], **OPTIONS)
    tests = [predictions.part("test") for predictions in runs]
    for index, found in enumerate(record["mean_logits"]):
        own = np.concatenate([test.logits[test.labels == index] for test in tests])
        np.testing.assert_allclose(found, own.mean(axis=0), atol=1e-6)


def test_curves_rise_from_corner_to_corner(tmp_path):
    record = score(files(tmp_path, run(seed=0), run(seed=1)), [], **OPTIONS)
    for name in CLASSES:
        alarms, hits = record["roc"][name]["fpr"], record["roc"][name]["tpr"]
        assert len(alarms) == len(hits) <= 101
        assert (alarms[0], hits[0], alarms[-1], hits[-1]) == (0, 0, 1, 1)
        assert (np.diff(hits) >= 0).all()
        assert np.trapezoid(hits, alarms) == pytest.approx(numbers_of(record)["auc", name]["value"], abs=0.03)
