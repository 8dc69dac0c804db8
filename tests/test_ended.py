"""Which arms of a study did end, and what is said of the others."""

from pathlib import Path

import pytest
from project import SMOKE

from skinkd.config import read_config
from skinkd.ended import check_that_something_ended, ended_cells, missing_cells
from skinkd.errors import InputError
from skinkd.study import BASE, open_study

STUDY = open_study(read_config(BASE, SMOKE))
ARM = ("ssd_kd", "as_published", "multi_teacher")


@pytest.fixture
def results(tmp_path):
    """Files of all arms of the smoke study."""
    for source in STUDY.sources():
        touch(tmp_path, "ingest", source, "manifest", suffix=".json")
    for cell in STUDY.cells():
        for stage in ("scores", "costs/score"):
            touch(tmp_path, stage, *cell, suffix=".json")
        for fold, seed in STUDY.runs(*cell[:2]):
            for suffix in (".csv", ".json"):
                touch(tmp_path, "split", *cell[:2], f"fold{fold}", suffix=suffix)
            run = f"fold{fold}-seed{seed}"
            for stage, suffix in (
                *(("networks", ".safetensors"), ("histories", ".csv")),
                *(("predictions", ".csv"), ("costs/train", ".json")),
            ):
                touch(tmp_path, stage, *cell, run, suffix=suffix)
    return tmp_path


def touch(results, *parts, suffix):
    path = Path(results, *parts[:-1], f"{parts[-1]}{suffix}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def log(results, place, text):
    path = results / "logs" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def reason(results):
    """Why the one arm that is missing did not end."""
    [record] = missing_cells(STUDY, results)
    assert (record["paper"], record["protocol"], record["arm"]) == ARM
    return record["reason"]


def run_of(cell):
    [(fold, seed)] = STUDY.runs(*cell[:2])
    return f"fold{fold}-seed{seed}"


@pytest.mark.parametrize(
    ("stage", "suffix"),
    [("networks", ".safetensors"), ("histories", ".csv"), ("predictions", ".csv"), ("costs/train", ".json")],
)
def test_an_arm_that_lacks_a_file_of_a_run_did_not_end(results, stage, suffix):
    assert ended_cells(STUDY, results) == STUDY.cells()
    assert missing_cells(STUDY, results) == []
    (results / stage / "/".join(ARM) / f"{run_of(ARM)}{suffix}").unlink()
    assert ended_cells(STUDY, results) == [cell for cell in STUDY.cells() if cell != ARM]
    assert reason(results) == "not run: no job of this arm has begun"


@pytest.mark.parametrize(
    "text",
    [
        "epoch 1\nERROR training: the loss is infinite. It learns nothing. Fix: lower it.\n\n",
        "epoch 1\nTraceback (most recent call last):\n  File x\nValueError: it broke\n",
    ],
)
def test_an_arm_that_failed_quotes_the_last_line_of_its_log(results, text):
    (results / "scores" / ARM[0] / ARM[1] / f"{ARM[2]}.json").unlink()
    path = log(results, f"train/{'/'.join(ARM)}/{run_of(ARM)}.log", text)
    assert reason(results) == f"failed: {text.strip().splitlines()[-1]} ({path})"


def test_the_first_failure_on_an_arm_s_way_is_the_reason(results):
    (results / "scores" / ARM[0] / ARM[1] / f"{ARM[2]}.json").unlink()
    log(results, f"train/{'/'.join(ARM)}/{run_of(ARM)}.log", "Traceback (most recent call last):\nlater")
    teacher = STUDY.arm(*ARM).teachers[0]
    path = log(results, f"cache_targets/{ARM[0]}/{ARM[1]}/{teacher}/{run_of(ARM)}.log", "ERROR disk: full")
    assert reason(results) == f"failed: ERROR disk: full ({path})"
    fold = run_of(ARM).split("-")[0]
    path = log(results, f"validate_split/{ARM[0]}/{ARM[1]}/{fold}.log", "ERROR split: no DF")
    assert reason(results) == f"failed: ERROR split: no DF ({path})"
    source = STUDY.paper(*ARM[:2]).source
    path = log(results, f"ingest/{source}.log", "ERROR image: 3 are bad")
    assert reason(results) == f"failed: ERROR image: 3 are bad ({path})"


def test_an_arm_that_was_stopped_says_how_far_it_came(results):
    network = results / "networks" / "/".join(ARM) / f"{run_of(ARM)}.safetensors"
    network.unlink()
    path = log(results, f"train/{'/'.join(ARM)}/{run_of(ARM)}.log", "epoch 1\nepoch 2\n")
    assert reason(results) == f"not run to its end: {network} is not there; epoch 2 ({path})"


def test_a_report_of_nothing_is_refused_with_the_reason(results):
    missing = [{"reason": "failed: ERROR image: bad"}] * 3
    check_that_something_ended(["a.json"], missing)
    with pytest.raises(InputError, match="no arm has ended: failed: ERROR image: bad"):
        check_that_something_ended([], missing)
