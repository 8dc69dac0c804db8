"""What a run may have drawn: an estimate from its run time and a stated power, never a measurement."""

from typing import Annotated

from pydantic import Field

from skinkd.config import Closed
from skinkd.declared_files import read_declared

Watts = Annotated[float, Field(gt=0, allow_inf_nan=False)]
J_PER_WH = 3600


class Power(Closed):
    """Power in W, as `config/report/power.yaml` states it.

    Attributes:
        thread_w: of the processor, for each thread that a run has.
        accelerators_w: of accelerators, by a part of their names.
    """

    thread_w: Watts
    accelerators_w: dict[str, Watts]


def read_power(path) -> Power:
    """The stated power.

    Raises:
        InputError: where the file holds something else.
    """
    return read_declared(path, Power, "power", "The estimate of energy would rest on nothing")


def power_w(hardware: dict, threads: int, power: Power) -> float | None:
    """The power of a run's machine in W; None where nothing is stated of its accelerator."""
    accelerator = hardware["accelerator"]
    if accelerator == "none":
        return threads * power.thread_w
    rated = (watts for name, watts in power.accelerators_w.items() if name.lower() in accelerator.lower())
    found = next(rated, None)
    return None if found is None else found + threads * power.thread_w


def energies(networks: list[dict], threads: int, power: Power) -> list[dict]:
    """For each arm, its run times summed over runs and the energy in Wh that they stand for, estimated.

    Args:
        networks: one record per run, as results.json holds them.
        threads: of each run.
    """
    runs: dict[tuple, list[dict]] = {}
    for network in networks:
        runs.setdefault((network["paper"], network["protocol"], network["arm"]), []).append(network)
    return [
        dict(zip(("paper", "protocol", "arm"), cell, strict=True)) | _energy(mine, threads, power)
        for cell, mine in runs.items()
    ]


def _energy(runs: list[dict], threads: int, power: Power) -> dict:
    watts = [power_w(run["hardware"], threads, power) for run in runs]
    known = None not in watts
    training_s, prediction_s = (
        [run[f"{phase}_runtime_s"] for run in runs] for phase in ("training", "prediction")
    )
    images = sum(run["prediction_images"] for run in runs)
    return {
        "n_runs": len(runs),
        **{"training_runtime_s": sum(training_s), "prediction_runtime_s": sum(prediction_s)},
        "power_w": max(watts) if known else None,
        "training_wh": _wh(training_s, watts) if known else None,
        "thousand_predictions_wh": 1000 * _wh(prediction_s, watts) / images if known and images else None,
        "accelerator": runs[0]["hardware"]["accelerator"],
    }


def _wh(runtimes_s: list[float], watts: list[float]) -> float:
    return sum(s * w for s, w in zip(runtimes_s, watts, strict=True)) / J_PER_WH
