"""What each arm cost: its network, its time, and an estimate of its energy."""

from skinkd import cells, formats
from skinkd.cells import Cell, Column, Table
from skinkd.lookups import arm_label, paper_label, protocol_label


def energy(results: dict) -> Table | None:
    """Parameters, arithmetic, time and estimated energy of each arm; None where none was estimated."""
    found = results["energy"]
    if not found:
        return None
    known = [one["training_wh"] for one in found if one["training_wh"] is not None]
    total = f"{formats.scientific(sum(known))} Wh" if known else "unknown"
    return Table(
        name="energy",
        title="Cost of each arm, its energy estimated",
        caption="Energy is estimated, not measured: run time times the power that config/report/power.yaml "
        f"states, with its reason. Training of {len(known)} of {formats.plural(len(found), 'arm')}: {total}. "
        "Times are sums over runs; drawing pictures, scoring and cooling are not in them.",
        columns=(
            *(Column("paper", "Paper"), Column("protocol", "Protocol"), Column("arm", "Arm")),
            Column("runs", "Runs", True),
            Column("parameters", "Parameters", True),
            Column("gmacs", "Multiply-accumulates, G", True),
            Column("training_runtime_s", "Training", True),
            Column("prediction_runtime_s", "Predicting", True),
            Column("power_w", "Power, W, stated", True),
            Column("training_wh", "Training, Wh, estimated", True),
            Column("thousand_predictions_wh", "1,000 predictions, Wh, estimated", True),
        ),
        rows=tuple(_row(results, record) for record in found),
        folded=True,
    )


def _row(results: dict, record: dict) -> tuple[Cell, ...]:
    place = record["paper"], record["protocol"], record["arm"]
    network = next(n for n in results["networks"] if (n["paper"], n["protocol"], n["arm"]) == place)
    why = f"config/report/power.yaml states no power of {record['accelerator']}"
    macs = None if network["macs"] is None else network["macs"] / 1e9
    return (
        cells.text(paper_label(results, record["paper"])),
        cells.text(protocol_label(record["protocol"])),
        cells.text(arm_label(results, record["paper"], record["arm"])),
        *(cells.count(value) for value in (record["n_runs"], network["parameters"])),
        cells.number(macs, "not counted", "none", "gmacs"),
        *(
            cells.number(record[key], "not measured", "none", key)
            for key in ("training_runtime_s", "prediction_runtime_s")
        ),
        *(_estimate(record[key], why) for key in ("power_w", "training_wh", "thousand_predictions_wh")),
    )


def _estimate(value: float | None, why: str) -> Cell:
    if value is None:
        return cells.missing(why, "unknown")
    return Cell(formats.scientific(value), value=value, kind="number")
