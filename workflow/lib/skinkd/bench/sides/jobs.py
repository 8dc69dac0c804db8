"""Trainings as jobs of the graph, without the time of the trainings themselves."""

from pathlib import Path
from time import perf_counter

import yaml

from skinkd.bench.graphs import PLAN, SNAKEMAKE, run, study_of
from skinkd.checkpoints import read_description

NAME = "trainings"
NETWORK = "results/networks/dsnet/leak_free/dsnet/fold0-seed{seed}.safetensors"


def prepare(folder: str, trainings: int):
    """All trainings anew each time, one job each; what comes before them is made first."""
    folder = Path(folder)
    text = yaml.safe_dump(study_of(NAME, trainings))
    (folder / f"config/{NAME}.yaml").write_text(text, encoding="utf-8")
    networks = [NETWORK.format(seed=seed) for seed in range(trainings)]
    asked = [*networks, "--forcerun", "train", "--configfile", f"config/{NAME}.yaml"]
    run([*SNAKEMAKE, *asked], folder)

    def work() -> dict:
        ran_s = seconds_of([*SNAKEMAKE, *asked], folder)
        planned_s = seconds_of([*SNAKEMAKE, *asked, *PLAN], folder)
        worked_s = sum(work_s(folder / network) for network in networks)
        return {"images": trainings, "wall_s": ran_s - planned_s - worked_s}

    return work


def seconds_of(command: list[str], folder: Path) -> float:
    """Wall seconds of a command."""
    started_s = perf_counter()
    run(command, folder)
    return perf_counter() - started_s


def work_s(path: Path) -> float:
    """Seconds that a job trained and predicted, as its network says."""
    description = read_description(path)
    return description["training_runtime_s"] + description["prediction_runtime_s"]
