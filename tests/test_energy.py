"""The estimate of energy is run time times a stated power, and nothing where none is stated."""

from pathlib import Path

import pytest
from report_example import example

from skinkd.assumptions import collect_assumptions
from skinkd.energy import Power, energies, power_w, read_power
from skinkd.errors import InputError
from skinkd.tables.energy import energy

ROOT = Path(__file__).resolve().parents[1]
POWER = Power(thread_w=10, accelerators_w={"H100": 700, "100": 1})


def network(accelerator, training_s=1800.0, seed=0):
    return {
        **{"paper": "dsnet", "protocol": "as_published", "arm": "dsnet", "seed": seed},
        **{"training_runtime_s": training_s, "prediction_runtime_s": 36.0, "prediction_images": 500},
        "hardware": {"accelerator": accelerator},
    }


@pytest.mark.parametrize(
    ("accelerator", "watts"), [("none", 20), ("NVIDIA H100 80GB HBM3", 720), ("another board", None)]
)
def test_the_power_is_that_of_the_accelerator_and_of_the_threads(accelerator, watts):
    assert power_w({"accelerator": accelerator}, 2, POWER) == watts


def test_energy_is_power_times_run_time_over_all_runs():
    [found] = energies([network("none"), network("none", 3600.0, seed=1)], 2, POWER)
    assert found["training_wh"] == pytest.approx(20 * 0.5 + 20 * 1)
    assert found["thousand_predictions_wh"] == pytest.approx(20 * 0.02)
    assert found["n_runs"] == 2


def test_without_a_stated_power_there_is_no_number_but_a_reason():
    [found] = energies([network("none"), network("another board", seed=1)], 2, POWER)
    assert found["training_wh"] is None
    table = energy(example("smoke"))
    [unknown] = [row for row in table.rows if row[9].kind == "missing"]
    assert unknown[9].why == "config/report/power.yaml states no power of an odd board"
    assert "estimated, not measured" in table.caption


def test_the_stated_power_is_an_assumption_that_the_report_lists():
    assert read_power(ROOT / "config/report/power.yaml").thread_w > 0
    assert any(found["file"] == "config/report/power.yaml" for found in collect_assumptions(ROOT))


def test_a_power_that_is_none_is_refused(tmp_path):
    path = tmp_path / "power.yaml"
    path.write_text("thread_w: 0\naccelerators_w: {}\n", encoding="utf-8")
    with pytest.raises(InputError, match="thread_w"):
        read_power(path)
