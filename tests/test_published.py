"""Every result that the papers print stands in config/papers/*.csv, under the arm that it belongs to."""

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from skinkd import strict_yaml
from skinkd.published import read_published
from skinkd.quantities import FACTS, METRICS

ROOT = Path(__file__).parents[1]
TABLES = sorted((ROOT / "config" / "papers").glob("*.csv"))
REFERENCE = ROOT.parent / "shared" / "reference" / "published.csv"
PAPERS = {"000_DSNet": "dsnet", "002_DavidiPark": "davidi_park", "003_DSC": "dsc", "004_SSDKD": "ssd_kd"}


# What every table holds: rows times columns as they are printed.
SIZES = {
    ("dsnet", "Table 1"): 9 + 1,  # temperatures, and the parameters
    ("dsnet", "Table 2"): 7 * 4,
    ("dsnet", "Table 3"): 2 * 6,
    ("dsnet", "Table 4"): 6 * 6,
    ("dsnet", "Table 5"): 2 * 7,
    ("dsnet", "Table 6"): 4,
    ("dsnet", "Figure 4"): 6,
    ("dsnet", "Figure 6"): 2 * 2,
    ("dsnet", "Figure 7"): 2 * 2,
    ("dsnet", "Text"): 2 * 4 + 3,  # of two networks; accuracies of three others
    ("davidi_park", "Table 1"): 2 * 2,
    ("davidi_park", "Table 2"): 22 * 2,
    ("davidi_park", "Table 3"): 4 * 2,
    ("davidi_park", "Figure 8"): 4 * 5,
    ("davidi_park", "Figure 9"): 6 * 8,
    ("davidi_park", "Figure 10"): 2,
    ("davidi_park", "Text"): 2 + 2,
    ("dsc", "Table 4"): 6 * 9,
    **{("dsc", f"Figure {number}"): 1 for number in range(3, 9)},
    ("dsc", "Text"): 3,
    ("dsc_nine", "Table 4"): 6 * 4,
    ("ssd_kd", "Table 1"): 2 * 5,
    ("ssd_kd", "Table 2"): 7 * 5,  # mAP stands under both its readings
    ("ssd_kd", "Table 3"): 6 * 5,
    ("ssd_kd", "Figure 3"): 12 * 8,
    ("ssd_kd", "Figure 4"): 12 * 8,
    ("ssd_kd", "Text"): 12 + 1,
}


@pytest.fixture(scope="module")
def rows():
    return [row for path in TABLES for row in read_published(path)]


def test_every_table_is_whole(rows):
    assert Counter((row.paper, row.table) for row in rows) == SIZES


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_a_file_is_about_its_paper_with_its_tables_and_arms(path):
    found, paper = read_published(path), strict_yaml.load(path.with_suffix(".yaml"))
    base = (
        strict_yaml.load(path.with_stem(paper["extends"]).with_suffix(".yaml")) if "extends" in paper else {}
    )
    assert {row.paper for row in found} == {path.stem}
    assert {row.arm for row in found} <= {*paper.get("arms", {}), *base.get("arms", {})}
    assert {row.table for row in found} == set(paper["tables"])


def test_every_paper_has_its_file():
    papers = {path.stem for path in (ROOT / "config" / "papers").glob("*.yaml")}
    assert {path.stem for path in TABLES} == papers


def test_what_papers_contradict_themselves_in_has_a_note(rows):
    found = {(row.paper, row.table, row.arm, row.of_class, row.metric): row for row in rows}
    assert "0.985" in found["dsnet", "Table 2", "inception_v3_kd", "", "accuracy"].note
    assert "0.995" in found["dsnet", "Text", "inception_v3_kd", "", "accuracy"].note
    assert "wrong heads" in found["dsnet", "Table 5", "efficientnet_b0_kd", "benign", "f1"].note
    assert "Adamax" in found["dsc", "Text", "resnet50", "", "accuracy"].note
    for arm in ("mobilenet_v2", "dist_a05"):
        assert "2,541" in found["davidi_park", "Table 2", arm, "", "accuracy"].note


def test_the_shares_that_no_count_of_images_gives_are_those_with_the_note(rows):
    accuracies = [
        row for row in rows if (row.paper, row.table, row.metric) == ("davidi_park", "Table 2", "accuracy")
    ]
    reachable = {
        row.arm: any(row.least <= k / row.n < row.most for k in range(row.n + 1)) for row in accuracies
    }
    assert {arm for arm, is_reachable in reachable.items() if not is_reachable} == {
        "mobilenet_v2",
        "dist_a05",
    }


def test_printed_errors_of_dsc_are_what_its_shares_leave(rows):
    """Sensitivity and misses, specificity and false alarms, precision and false discoveries add up to 1."""
    found = {(row.arm, row.metric): row.value for row in rows if (row.paper, row.table) == ("dsc", "Table 4")}
    pairs = {
        "recall": "false_negative_rate",
        "specificity": "false_positive_rate",
        "precision": "false_discovery_rate",
    }
    for arm in {arm for arm, _ in found}:
        for share, rest in pairs.items():
            assert found[arm, share] + found[arm, rest] == pytest.approx(1, abs=1e-9), (arm, share)


# The reference lists every printed number in its own words. These rules say where each one stands here.

NO_RESULT = {
    "related work": lambda row: "related work" in row["table_or_figure"] + row["method"],
    "layers and optimisers": lambda row: (
        "(layers)" in row["table_or_figure"] or "(optim" in row["table_or_figure"]
    ),
    "counts of images": lambda row: row["metric"].endswith("_images") or row["metric"] == "number_of_images",
    "how it was done": lambda row: (
        row["paper"] == "003_DSC"
        and row["table_or_figure"] == "text"
        and not row["method"]
        and "accuracy" not in row["metric"]
    ),
}
STUDENTS = {
    "MobileNet": "mobilenet_kd",
    "VGG16": "vgg16_kd",
    "InceptionV3": "inception_v3_kd",
    "EfficientNetB0": "efficientnet_b0_kd",
    "ResNet50": "resnet50_student_kd",
    "ResNet101": "resnet101_kd",
}
KINDS = {
    "SSKD+DRKD+CRKD (SSD-KD)": "ssd_kd",
    "BLKD+DRKD+CRKD (D-KD)": "d_kd",
    "KL": "kl",
    "DIST": "dist",
    "KL+CL": "kl_curriculum",
    "DIST+CL": "dist_curriculum",
}
METRIC_NAMES = {
    "sensitivity": "recall",
    "npv": "negative_predictive_value",
    "fpr": "false_positive_rate",
    "fdr": "false_discovery_rate",
    "fnr": "false_negative_rate",
    "f1_weighted_percent": "f1_weighted",
    "trainable_parameters_millions": "trainable_parameters",
    "parameters_millions": "trainable_parameters",
    "parameters": "trainable_parameters",
    "training_time_seconds": "training_runtime_s",
    "prediction_time_seconds": "prediction_runtime_s",
    "time_per_inference_step_ms": "inference_step_ms",
    "gflops": "gmacs",
    "f1_gain_over_baseline": "f1_weighted_gain",
    "accuracy_gain_over_baseline_pp": "accuracy_gain",
    'errors (text; "respectively")': "recall",
    "std_of_all_metrics": "largest_seed_sd",
    "test images wrong without KD, right with KD": "corrected_from_bkl",
}
CLASS_NAMES = {"class_a": "benign", "class_b": "malignant", "NV->DF (as stated)": "NV", "MM->BK": "MEL"}
# Where the metric's name says that the number is in percent, or in points of a percentage.
PERCENT = ("percent", "_pp", "f1_gain")


def options_of(row):
    return dict(word.split("=") for word in row["hyperparameters"].split(";") if "=" in word)


def arm_of(row):
    """The arm that a row of the reference is about."""
    options, student = options_of(row), row["student"]
    if row["paper"] == "000_DSNet":
        return _arm_of_dsnet(options, student, row)
    if row["paper"] == "003_DSC":
        return f"{options['optimizer'].lower()}_standard" if student else "resnet50"
    if row["paper"] == "002_DavidiPark" and student and row["teacher"]:
        return f"{KINDS[row['method']]}_a{options['alpha'].replace('.', '')}"
    if row["metric"] == "test images wrong without KD, right with KD":
        return "ssd_kd"
    alone = {"none": "mobilenet_v2" if student else row["teacher"].lower().replace("-", "_")}
    return (alone | KINDS).get(row["method"], row["method"].lower().replace("+", "_"))


def _arm_of_dsnet(options, student, row):
    if row["table_or_figure"] == "Figure 6":
        return f"dsnet_t{options['T']}"
    if not student:
        return "resnet50"
    if student != "DSNet":
        return STUDENTS[student]
    # The recipe's own batch, and one number of parameters for all temperatures.
    usual = options.get("batch_size", "64") == "64"
    return f"dsnet_t{options.get('T', '10')}" if usual else f"batch_{options['batch_size']}"


def place_of(row):
    """Paper, table, arm, class and metric here."""
    table = row["table_or_figure"].removesuffix(" (text)").replace("text", "Text")
    metric = row["metric"]
    if metric not in METRIC_NAMES:
        metric = metric.split(" (")[0].split("_percent")[0]
    metric = METRIC_NAMES.get(metric, metric)
    of_class = CLASS_NAMES.get(row["class"], row["class"])
    if row["paper"] == "003_DSC" and metric != "accuracy":
        of_class = "malignant"
    return PAPERS[row["paper"]], table, arm_of(row), of_class, metric


def value_of(row):
    """The printed number in the unit of its metric."""
    text = row["value"].removeprefix("<")
    text = text.split("M+")[0] if "M+" in text else text
    factor = 1
    if "millions" in row["metric"] or row["table_or_figure"] == "Figure 4":
        factor = 10**6
    elif any(word in row["metric"] for word in PERCENT):
        factor = Decimal("0.01")
    elif "errors" in row["metric"]:
        factor = 1 / Decimal(1288)
    return float(Decimal(text) * factor)


def places_of(row):
    """The places of a row; each arm of both tables where it is about all of them."""
    paper, table, arm, of_class, metric = place_of(row)
    if metric != "largest_seed_sd":
        return [(paper, table, arm, of_class, metric)]
    arms = {other.arm for other in read_published(ROOT / "config" / "papers" / "ssd_kd.csv")}
    return [(paper, table, arm, of_class, metric) for arm in sorted(arms)]


def without_number(row):
    """Paper and tables of a row that says that no number is printed."""
    if row["table_or_figure"] == "Figures 3-8":
        return [(PAPERS[row["paper"]], f"Figure {number}") for number in range(3, 9)]
    return [(PAPERS[row["paper"]], row["table_or_figure"])]


@pytest.fixture(scope="module")
def reference():
    if not REFERENCE.exists():
        pytest.skip("the list of all printed numbers is not part of this repository")
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if not any(holds(row) for holds in NO_RESULT.values())]


@pytest.fixture(scope="module")
def numbers(reference):
    found = [row for row in reference if not row["metric"].startswith("MISSING")]
    assert len(found) > 250
    return found


def test_every_printed_result_has_its_counterpart(rows, numbers):
    ours = {(row.paper, row.table, row.arm, row.of_class, row.metric): row for row in rows}
    wrong = [
        (place, row["value"])
        for row in numbers
        for place in places_of(row)
        if place not in ours or ours[place].value != pytest.approx(value_of(row), rel=1e-9)
    ]
    assert wrong == []


def test_every_result_without_a_number_has_its_place(rows, reference):
    wanted = {
        place for row in reference if row["metric"].startswith("MISSING") for place in without_number(row)
    }
    empty = {(row.paper, row.table) for row in rows if row.value is None}
    assert empty == wanted
    assert all(row.note for row in rows if row.value is None)


def test_nothing_stands_here_that_no_paper_prints(rows, numbers):
    """But for the second readings: macro precision for mAP, and nine classes of DSC."""
    printed = {place for row in numbers for place in places_of(row)}
    extra = [
        row
        for row in rows
        if row.value is not None
        and row.paper != "dsc_nine"
        and row.metric != "macro_precision"
        and (row.paper, row.table, row.arm, row.of_class, row.metric) not in printed
    ]
    assert extra == []


def test_a_number_in_percent_keeps_its_last_digit(rows):
    found = {(row.paper, row.table, row.arm, row.metric): row for row in rows}
    row = found["davidi_park", "Table 2", "efficientnet_b7", "f1_weighted"]
    assert (row.value, row.least, row.most) == (0.77646, 0.776455, 0.776465)


def test_every_quantity_that_is_no_score_is_printed_somewhere(rows):
    assert {row.metric for row in rows} - set(METRICS) == set(FACTS)
