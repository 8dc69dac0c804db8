"""Each job measures what it costs; the report adds up by rule."""

import json
import time

import pytest

from skinkd.costs import measured, read_cost
from skinkd.jobs import logged_to


def cost(folder, place, runtime_s, cpu_s, max_memory_mb):
    """A job's record; returns its path."""
    path = folder / "costs" / f"{place}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"runtime_s": runtime_s, "cpu_s": cpu_s, "max_memory_mb": max_memory_mb}))
    return path


def test_costs_add_up_by_rule(tmp_path):
    paths = [
        cost(tmp_path, "train/a/fold0-seed0", 10.25, 9.5, 500.5),
        cost(tmp_path, "train/b/deep/er", 20.5, 30.01, 700.06),
        cost(tmp_path, "score/x", 0.04, 0.04, 80),
    ]
    assert read_cost(paths) == [
        {"rule": "score", "jobs": 1, "runtime_s": 0.0, "cpu_s": 0.0, "max_memory_mb": 80},
        {"rule": "train", "jobs": 2, "runtime_s": 30.8, "cpu_s": 39.5, "max_memory_mb": 700.06},
    ]
    assert read_cost([]) == []
    below = cost(tmp_path / "costs", "split/a", 2, 3, 4)
    assert [entry["rule"] for entry in read_cost([below])] == ["split"], "a folder above of the same name"


def test_a_job_measures_what_it_used(tmp_path):
    with measured(tmp_path / "idle.json"):
        time.sleep(0.2)
    with measured(tmp_path / "busy.json"):
        ends_s = time.process_time() + 0.2
        while time.process_time() < ends_s:
            pass
        held = bytearray(64_000_000)
        held[::4096] = b"x" * len(held[::4096])
    idle, busy = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("idle", "busy"))
    assert idle["runtime_s"] >= 0.2 and idle["cpu_s"] < idle["runtime_s"]
    assert busy["cpu_s"] >= 0.2
    assert busy["max_memory_mb"] >= 64


def test_waiting_for_another_job_is_no_run_time(tmp_path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("skinkd.costs.time.monotonic", lambda: clock[0])
    with logged_to(tmp_path / "job.log", tmp_path / "cost.json") as cost:
        clock[0] += 100.0
        cost.waited_s = 70.0
    assert json.loads((tmp_path / "cost.json").read_text())["runtime_s"] == 30.0


def test_a_job_that_fails_leaves_its_log_and_no_cost(tmp_path):
    with pytest.raises(SystemExit), logged_to(tmp_path / "job.log", tmp_path / "cost.json"):
        raise ValueError("it broke")
    assert "it broke" in (tmp_path / "job.log").read_text()
    assert not (tmp_path / "cost.json").exists()
