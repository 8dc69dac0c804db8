"""Calibration, operating points and subgroups in the report: numbers of the record, reasons in their gaps."""

import pytest
from report_example import example
from test_scores import OPTIONS, files, run

from skinkd import figure_captions, figures
from skinkd.details.subgroups import groups_of_images
from skinkd.figures.calibration import words_of
from skinkd.figures.roc import marked_point
from skinkd.lookups import score_of
from skinkd.scores import score
from skinkd.tables import all_tables
from skinkd.validated_choice import best_by_validation, validated_arms


@pytest.fixture(scope="module")
def results():
    return example()


@pytest.fixture(scope="module")
def made(results):
    return all_tables(results)


def shape(value):
    """What kinds of things a record holds, where."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None


def test_the_example_has_the_shape_of_a_score(results, tmp_path):
    """Otherwise its tests would be of tables of another report."""
    whole = run(n=400)
    about = groups_of_images([{"image": image} for image in whole.images], "demo")
    real = score(files(tmp_path, whole), [], **OPTIONS, about=about)
    made_up = score_of(results, "ssd_kd", "as_published", "blkd")
    for key in ("calibration", "operating_points", "subgroups"):
        assert shape(made_up[key]) == shape(real[key]), key
    bare = score(files(tmp_path / "bare", whole.part("test")), [], **OPTIONS)
    made_up = score_of(results, "dsc", "leak_free", "dsc_alone")
    for key in ("calibration", "operating_points"):
        assert shape(made_up[key]) == shape(bare[key]), key


def rows_of(table, **wanted):
    """Cells by column of the rows whose texts are as wanted."""
    rows = [dict(zip((c.key for c in table.columns), row, strict=True)) for row in table.rows]
    return [row for row in rows if all(row[key].text == text for key, text in wanted.items())]


def test_calibration_stands_before_and_after_for_each_arm(results, made):
    (row,) = rows_of(made["ssd_kd-calibration"], arm="BLKD", protocol="As coded")
    record = score_of(results, "ssd_kd", "as_coded", "blkd")["calibration"]
    assert row["temperature"].value == record["temperature"]
    for side in ("before", "after"):
        for name in ("negative_log_likelihood", "brier"):
            cell, own = row[f"{name}_{side}"], record[side][name]
            assert (cell.value, cell.low, cell.high) == (own["value"], own["low"], own["high"])
        error = row[f"expected_calibration_error_{side}"]
        assert (error.value, error.low) == (record[side]["expected_calibration_error"]["value"], None)
        assert error.lines == ("held: [0.020, 0.060]",)
    (row,) = rows_of(made["dsc-calibration"], arm="DSC alone", protocol="Leak-free")
    assert row["brier_before"].value is not None
    assert (
        row["brier_after"].why
        == row["temperature"].why
        == ("no validation image (fold 2, seed 0), so no temperature was fitted")
    )


def test_operating_points_are_of_test_and_thresholds_of_validation(results, made):
    record = score_of(results, "ssd_kd", "leak_free", "resnet50")["operating_points"]
    (row,) = rows_of(made["ssd_kd-operating"], arm="ResNet50", protocol="Leak-free")
    assert row["auc_sens_80"].value == record["auc_sens_80"]["value"]
    assert row["specificity_at_sensitivity_0.9"].value == record["points"][3]["on_test_curve"]["value"]
    chosen = rows_of(made["ssd_kd-thresholds"], arm="ResNet50", protocol="Leak-free")
    assert [r["wanted"].text for r in chosen] == [f"{p['of']} {p['at']:.2f}" for p in record["points"]]
    for found, point in zip(chosen, record["points"], strict=True):
        assert found["threshold"].value == point["threshold"]
        assert found["test_sensitivity"].high == point["test"]["sensitivity"]["high"]
        assert found["validation_specificity"].value == point["validation"]["specificity"]
    (row, *_) = rows_of(made["dsc-thresholds"], protocol="Leak-free")
    assert row["threshold"].why == "no image in the validation part (fold 2, seed 0) to choose a threshold on"
    assert made["ssd_kd-operating"].title == "SSD-KD: MEL against the rest"
    assert made["dsc-operating"].title == "DSC: malignant against the rest"


def test_every_subgroup_is_counted_and_the_small_ones_say_so(results, made):
    record = score_of(results, "dsnet", "as_coded", "dsnet")["subgroups"]
    rows = rows_of(made["dsnet-subgroups-all"], arm="As coded, DSNet, hard labels")
    assert [row["images"].value for row in rows] == [group["images"] for group in record["groups"]]
    assert [row["accuracy"].value for row in rows] == [g["accuracy"]["value"] for g in record["groups"]]
    small = next(row for row in rows if row["images"].value == 5)
    assert (small["accuracy"].text, small["accuracy"].why) == ("not shown", "fewer than 30 images")
    torn = next(row for row in rows if row["images"].value == 80)
    assert torn["balanced_accuracy"].why == "no image of malignant, of 2 classes"
    assert made["dsnet-subgroups-all"].filed


def test_arms_are_chosen_by_validation_whatever_the_test_says(results):
    other = example()
    best = best_by_validation(other, "ssd_kd", "as_published")
    loser = next(arm for arm in ("blkd", "nasty") if arm != best)
    for training in other["training"]:
        if (training["paper"], training["protocol"], training["arm"]) == ("ssd_kd", "as_published", loser):
            training["validation_balanced_accuracy"] = [0.99] * len(training["epochs"])
    assert best_by_validation(other, "ssd_kd", "as_published") == loser
    assert validated_arms(other, "ssd_kd", "as_published") == ["resnet50", "mobilenet_v2", loser]
    for found in other["scores"]:
        if found["arm"] == best:
            for record in found["metrics"]:
                record["value"] = 1.0
    assert best_by_validation(other, "ssd_kd", "as_published") == loser
    for training in other["training"]:
        training |= {"best_epoch": 0}
    assert best_by_validation(other, "ssd_kd", "as_published") is None
    assert len(validated_arms(other, "ssd_kd", "as_published")) == 4


def test_an_older_record_is_shown_with_the_reason():
    older = example()
    for found in older["scores"]:
        for key in ("calibration", "operating_points", "subgroups"):
            del found[key]
    made = all_tables(older)
    for name in ("calibration", "operating", "thresholds", "subgroups"):
        assert {cell.why for row in made[f"dsnet-{name}"].rows for cell in row} - {""} == {
            "this record is older than the count"
        }
    for name in ("calibration", "subgroups"):
        assert figures.draw(name, older, "dsnet", None, {}).axes
        assert figure_captions.text(older, "dsnet", name, None).count(".") == 1


def test_words_on_figures_are_the_records(results):
    record = score_of(results, "ssd_kd", "as_published", "blkd")["calibration"]
    assert words_of(record) == f"ECE 0.270 → 0.070\nT = {record['temperature']:.2f}\n51 answers a bin"
    spoken = figure_captions.text(results, "ssd_kd", "calibration", None)
    assert "MobileNetV2, as published: calibration error 0.270, after scaling 0.070 at temperature" in spoken
    bare = figure_captions.text(results, "dsc", "calibration", None)
    assert "after scaling no validation image" in bare
    assert "accuracy from" in figure_captions.text(results, "ssd_kd", "subgroups", None)


def test_the_roc_marks_what_validation_chose(results):
    score = score_of(results, "ssd_kd", "as_published", "blkd")
    point = marked_point(score)
    assert (point["of"], point["at"]) == ("sensitivity", 0.9)
    drawn = figures.draw("roc", results, "ssd_kd", "as_published", {"arms": ["blkd"]})
    marks = [line.get_xydata().tolist() for line in drawn.axes[0].lines if line.get_marker() == "D"]
    test = point["test"]
    assert marks == [[[1 - test["specificity"]["value"], test["sensitivity"]["value"]]]]
    spoken = figure_captions.text(results, "ssd_kd", "Figure 4", "as_published")
    assert f"BLKD, operating point: sensitivity {test['sensitivity']['value']:.3f}" in spoken
    assert marked_point(score_of(results, "dsc", "leak_free", "dsc_alone")) is None
