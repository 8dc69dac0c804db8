"""Commit and machines in the report are those of the run; samples and progress follow from theirs."""

import json
import logging
import subprocess

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from project import ROOT

from skinkd.device import describe_hardware
from skinkd.graph_progress import EFFORT, GraphProgress, progress_line, seconds_left
from skinkd.provenance import commit_of, describe_networks, describe_run, read_training, versions
from skinkd.resources import gpus_per_job
from skinkd.samples import LABEL_PX, MARGIN_PX, TILE_PX, choose_samples, draw_samples


def git(repository, *arguments):
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    run = subprocess.run(
        ["git", *who, *arguments], cwd=repository, check=True, capture_output=True, text=True
    )
    return run.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """A repository with one commit, in a folder with a space and an umlaut."""
    folder = tmp_path / "für alle"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "code.py").write_text("1\n", encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    return folder


def test_the_commit_of_a_clean_tree(repository):
    assert commit_of(repository) == (git(repository, "rev-parse", "HEAD"), False)


@pytest.mark.parametrize("name", ["code.py", "new.py", "workflow/results.py"])
def test_a_tree_that_differs_from_its_commit_is_dirty(name, repository):
    path = repository / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("2\n", encoding="utf-8")
    assert commit_of(repository)[1]


def test_changes_below_results_do_not_count(repository):
    path = repository / "results" / "report" / "results.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}", encoding="utf-8")
    assert not commit_of(repository)[1]


def test_outside_git_the_commit_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit_of(tmp_path) == ("unknown", False)
    git(tmp_path, "init", "-q")
    assert commit_of(tmp_path) == ("unknown", False), "a repository without a commit"


def test_without_git_the_commit_is_unknown(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert commit_of(repository) == ("unknown", False)


CONFIG = {
    "device": {"threads": 1},
    "sources": {"demo": {"licence": "same as the project"}, "isic_2019": {"licence": "CC-BY-NC 4.0"}},
    "weights": {"resnet": {"licence": "MIT"}, "other": {"licence": "GPL"}},
}


def network_on(cpu, precision, initial=None):
    hardware = {"cpu": cpu, "cores": 2, "memory_gb": 8, "accelerator": "none"}
    computing = {"precision": precision, "deterministic": False, "compiled": False}
    computing |= {"optimizer_kernels": "fused", "allocator": "the system's"}
    return {"hardware": hardware, "source": "demo", "initial": initial, **computing}


def test_a_run_names_its_machines_and_the_licences_of_what_it_used(repository):
    networks = [network_on("B", "float32"), network_on("A", "bfloat16", "resnet"), network_on("B", "float32")]
    found = describe_run(repository, CONFIG, networks)
    assert found["hardware"] == {"cpu": "A / B", "cores": 2, "memory_gb": 8, "accelerator": "none"}
    assert found["computing"] == {
        **{"precision": "bfloat16 / float32", "deterministic": False, "compiled": False},
        **{"optimizer_kernels": "fused", "allocator": "the system's"},
    }
    assert found["licences"] == ["MIT", "same as the project"]
    assert found["config"] == CONFIG
    assert (
        found["config_sha256"]
        == describe_run(repository, dict(reversed(CONFIG.items())), [])["config_sha256"]
    )
    json.dumps(found, allow_nan=False)


def test_versions_and_hardware_are_those_of_this_machine():
    import torch

    found = versions()
    assert found["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert found["numpy"] == np.__version__
    hardware = describe_hardware("cpu")
    assert set(hardware) == {"cpu", "cores", "memory_gb", "accelerator"}
    assert hardware["cores"] >= 1


def test_learning_curves_become_columns(tmp_path):
    history = pd.DataFrame(
        {
            "epoch": [1, 2],
            "train_loss": [0.5, 0.25],
            "validation_loss": [0.7, 0.6],
            "validation_hard_loss": [0.3, 0.2],
            "validation_balanced_accuracy": [0.4, 0.5],
            "validation_accuracy": [0.6, 0.7],
            "train_accuracy": [0.8, 0.9],
            "learning_rate": [0.01, 0.001],
            "term1_value": [0.1, 0.2],
            "term1_gradient": [0.9, 0.8],
            "term2_value": [3.0, 4.0],
            "term2_gradient": [0.1, 0.2],
        }
    )
    history.to_csv(tmp_path / "run.csv", index=False)
    run = {
        "paper": "p",
        "protocol": "leak_free",
        "arm": "a",
        "fold": 2,
        "seed": 0,
        "best_epoch": 2,
        "size_px": 32,
    }
    losses = [
        {"name": "cross_entropy", "weight": 0.1},
        {"name": "softened_divergence", "weight": 0.9, "temperature": 2.0},
    ]
    papers = {"p": {"arms": {"a": {"losses": {"leak_free": losses, "as_published": []}}}}}
    [record] = read_training([tmp_path / "run.csv"], [run], papers)
    assert record == {
        "paper": "p",
        "protocol": "leak_free",
        "arm": "a",
        "fold": 2,
        "seed": 0,
        "epochs": [1, 2],
        "train_loss": [0.5, 0.25],
        "validation_loss": [0.7, 0.6],
        "validation_balanced_accuracy": [0.4, 0.5],
        "train_accuracy": [0.8, 0.9],
        "validation_accuracy": [0.6, 0.7],
        "learning_rate": [0.01, 0.001],
        "terms": [
            {
                "name": "cross_entropy",
                "weight": 0.1,
                "soft": False,
                "value": [0.1, 0.2],
                "gradient": [0.9, 0.8],
            },
            {
                "name": "softened_divergence",
                "weight": 0.9,
                "soft": True,
                "value": [3.0, 4.0],
                "gradient": [0.1, 0.2],
            },
        ],
        "best_epoch": 2,
    }


def test_networks_are_described_without_what_only_training_needs():
    shown = {
        **{"paper": "p", "protocol": "leak_free", "arm": "a", "fold": 2, "seed": 0, "precision": "float32"},
        **{"parameters": 10, "macs": 20, "size_mb": 0.1, "hardware": {"cpu": "A"}, "inference_step_ms": 1.5},
        **{"training_runtime_s": 9.0, "prediction_runtime_s": 2.0, "prediction_images": 30},
        **{"best_epoch": 3, "diverged_epoch": None},
    }
    assert describe_networks([shown | {"source": "demo", "split": "0f"}]) == [shown]


@pytest.mark.parametrize(
    ("done", "total", "left_s", "expected"),
    [
        (10, 40, 90.0, f"[{'#' * 6}{'-' * 18}] 10 of 40 jobs, about 1 min 30 s left"),
        (1, 2, 59.4, f"[{'#' * 12}{'-' * 12}] 1 of 2 jobs, about 59 s left"),
        (40, 40, 0.0, f"[{'#' * 24}] 40 of 40 jobs, about 0 s left"),
        (1, 1000, 999.0, f"[{'-' * 24}] 1 of 1000 jobs, about 16 min 39 s left"),
    ],
)
def test_a_line_of_progress_by_hand(done, total, left_s, expected):
    assert progress_line(done, total, left_s) == expected


@pytest.mark.parametrize(
    ("counts", "durations_s", "elapsed_s", "expected"),
    [
        # One after another: two more at 4 s.
        ({"score": 4}, {"score": [3.0, 5.0]}, 8.0, 8.0),
        # Two at a time: the same work in half the time.
        ({"score": 4}, {"score": [3.0, 5.0]}, 4.0, 4.0),
        # A rule not seen yet: train is 30 times as long as score.
        ({"score": 1, "train": 2}, {"score": [2.0]}, 2.0, 120.0),
        ({"score": 2}, {}, 1.0, 0.0),
        ({"score": 2}, {"score": [1.0, 1.0]}, 2.0, 0.0),
    ],
)
def test_the_time_left_by_hand(counts, durations_s, elapsed_s, expected):
    assert seconds_left(counts, durations_s, elapsed_s) == pytest.approx(expected)


def test_the_efforts_are_those_of_rules_that_exist():
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "workflow/rules").glob("*.smk"))
    assert [rule for rule in EFFORT if f"rule {rule}:" not in rules] == []


def test_a_finished_job_writes_one_line_with_the_time_left():
    lines, clock = [], iter([0.0, 0.0, 10.0, 10.0])
    handler = GraphProgress(write=lines.append, now=lambda: next(clock))
    for event in (
        {"event": "LogEvent.RUN_INFO", "stats": {"predict": 3, "total": 3}},
        {"event": "LogEvent.JOB_INFO", "jobid": 7, "rule_name": "predict"},
        {"event": "LogEvent.JOB_FINISHED", "job_id": 7},
        {"event": "LogEvent.JOB_FINISHED", "job_id": 8},
        {"event": "LogEvent.PROGRESS", "done": 0, "total": 0},
        {"event": "LogEvent.PROGRESS", "done": 1, "total": 3},
        {},
    ):
        handler.emit(logging.makeLogRecord(event))
    assert lines == [progress_line(1, 3, 20.0)]


def test_samples_are_drawn_with_a_seed():
    labels = ["MEL"] * 20 + ["NV"] * 30 + ["DF"]
    chosen = choose_samples(labels, 4, seed=0)
    assert chosen == choose_samples(labels, 4, seed=0)
    assert chosen != choose_samples(labels, 4, seed=1)
    assert {label: len(rows) for label, rows in chosen.items()} == {"MEL": 4, "NV": 4, "DF": 1}
    for label, rows in chosen.items():
        assert len(set(rows)) == len(rows)
        assert {labels[row] for row in rows} == {label}


def test_the_sheet_of_samples_shows_each_class_in_its_line(packed, tmp_path):
    data = packed(3)
    how = {"classes": [*data.classes, "ABSENT"], "per_class": 2, "seed": 0}
    for name in ("one.png", "two.png"):
        draw_samples(data.path_to_array, data.path_to_split, tmp_path / name, **how)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    sheet = np.asarray(Image.open(tmp_path / "one.png"))
    step = TILE_PX + MARGIN_PX
    assert sheet.shape == (4 * step, LABEL_PX + 2 * step, 3)
    rows = choose_samples(data.split["label"], 2, seed=0)
    for line, label in enumerate(data.classes):
        for column, row in enumerate(rows[label]):
            left = LABEL_PX + column * step
            tile = sheet[line * step : line * step + TILE_PX, left : left + TILE_PX]
            np.testing.assert_allclose(tile.mean((0, 1)), data.array[row].mean((0, 1)), atol=3)
    assert (sheet[3 * step :, LABEL_PX:] == 255).all()


@pytest.mark.parametrize(
    ("device", "has_driver", "expected"),
    [("cpu", True, 0), ("cuda", False, 1), ("auto", True, 1), ("auto", False, 0)],
)
def test_a_job_takes_a_gpu_where_it_will_run_on_one(device, has_driver, expected, tmp_path):
    driver = tmp_path / "version"
    if has_driver:
        driver.touch()
    assert gpus_per_job(device, driver) == expected
