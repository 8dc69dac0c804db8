"""Where the numbers come from: commit, config, versions, hardware."""

import csv
import hashlib
import json
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version

from skinkd.signatures import needs_teacher

PACKAGES = ("torch", "torchvision", "numpy", "pandas", "scikit-learn", "pillow", "matplotlib", "snakemake")
# How a network was computed, as far as that was chosen for the device.
COMPUTING = ("precision", "deterministic", "compiled", "optimizer_kernels", "allocator")
# Outputs, which a run changes by itself.
OUTPUTS = ("results",)


def commit_of(repository) -> tuple[str, bool]:
    """The commit of the working tree, and whether the code differs from it; `unknown` outside git."""
    exclude = [f":(exclude){folder}" for folder in OUTPUTS]
    try:
        commit = _git(repository, "rev-parse", "HEAD")
        return commit, bool(_git(repository, "status", "--porcelain", "--", ".", *exclude))
    except (OSError, subprocess.CalledProcessError):
        return "unknown", False


def _git(repository, *arguments: str) -> str:
    """What git says."""
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def versions() -> dict[str, str]:
    """Python and the packages that numbers depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def describe_run(repository, config: dict, networks: list[dict]) -> dict:
    """The provenance block of results.json.

    Args:
        repository: root of the working tree.
        config: the resolved config.
        networks: descriptions of the trained networks, which say where they were trained.
    """
    commit, dirty = commit_of(repository)
    text = json.dumps(config, sort_keys=True)
    return {
        "commit": commit,
        "dirty": dirty,
        "config_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "config": config,
        "versions": versions(),
        "hardware": _joined([network["hardware"] for network in networks]),
        "computing": _joined([{key: network[key] for key in COMPUTING} for network in networks]),
        "threads": config["device"]["threads"],
        "licences": sorted({entry["licence"] for entry in _used(config, networks)}),
    }


def _used(config: dict, networks: list[dict]) -> list[dict]:
    """Sources and weights that entered the study."""
    names = {network["source"] for network in networks} | {network["initial"] for network in networks}
    entries = config["sources"] | config["weights"]
    return [entries[name] for name in names if name]


def _joined(machines: list[dict]) -> dict:
    """One description of all machines that trained; values that differ stand side by side."""
    joined = {}
    for key in machines[0] if machines else ():
        values = sorted({str(machine[key]) for machine in machines})
        joined[key] = machines[0][key] if len(values) == 1 else " / ".join(values)
    return joined


NETWORK = (
    *("paper", "protocol", "arm", "fold", "seed", "parameters", "macs", "size_mb", "training_runtime_s"),
    *("prediction_runtime_s", "prediction_images", "inference_step_ms", "precision", "hardware"),
    *("best_epoch", "diverged_epoch"),
)


def describe_networks(descriptions: list[dict]) -> list[dict]:
    """What the report says of each trained network, from the descriptions that its files hold."""
    return [{key: description[key] for key in NETWORK} for description in descriptions]


CURVES = (
    *("train_loss", "validation_loss", "validation_balanced_accuracy"),
    *("train_accuracy", "validation_accuracy", "learning_rate"),
)


def read_training(paths_to_histories, descriptions: list[dict], papers: dict) -> list[dict]:
    """Learning curves as columns, one record per run.

    Args:
        paths_to_histories: a csv file for each description, a row per epoch.
        descriptions: of the trained networks.
        papers: described, with the terms of each arm's loss by protocol.
    """
    records = []
    for path, network in zip(paths_to_histories, descriptions, strict=True):
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        losses = papers[network["paper"]]["arms"][network["arm"]]["losses"][network["protocol"]]
        records.append(
            {
                **{key: network[key] for key in ("paper", "protocol", "arm", "fold", "seed")},
                "epochs": [int(row["epoch"]) for row in rows],
                **{column: [float(row[column]) for row in rows] for column in CURVES},
                "terms": [_term(rows, place, loss) for place, loss in enumerate(losses, 1)],
                "best_epoch": network["best_epoch"],
            }
        )
    return records


def _term(rows: list[dict], place: int, loss: dict) -> dict:
    """One term's curves: its weighted value, and its share of the terms' gradients."""
    return {
        "name": loss["name"],
        "weight": loss["weight"],
        "soft": needs_teacher(loss["name"]),
        "value": [float(row[f"term{place}_value"]) for row in rows],
        "gradient": [float(row[f"term{place}_gradient"]) for row in rows],
    }
