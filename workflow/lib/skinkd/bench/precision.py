"""Whether bfloat16 costs accuracy: `python -m skinkd.bench.precision CONFIG [--arms A,B] [--seeds 5]`.

The same arms are trained and scored in both precisions, each with its own teacher. Their means should not
differ by more than seeds do. Writes `results/<study>/precision.json`; what was trained stays, and is
not trained again.
"""

import argparse
import os
import sys
from pathlib import Path
from statistics import mean, stdev

import yaml

from skinkd.bench.graphs import ROOT, run
from skinkd.bench.readme import update_readme
from skinkd.checkpoints import read_description
from skinkd.config import check_config, read_config
from skinkd.device import describe_hardware
from skinkd.errors import InputError
from skinkd.provenance import versions
from skinkd.records import read_record, write_record
from skinkd.study import BASE

PRECISIONS = ("bfloat16", "float32")
# Alone and distilled; with depthwise convolutions and without.
ARMS = (
    "davidi_park/leak_free/mobilenet_v2",
    "davidi_park/leak_free/kl_a01",
    "dsnet/leak_free/dsnet",
    "dsnet/leak_free/dsnet_t10",
)
METRIC = "balanced_accuracy"
SEEDS = 5


def compare_precisions(path_to_config, arms: list[str], seeds: int) -> dict:
    """Train and score in both precisions; the record of what came out.

    Args:
        arms: as PAPER/PROTOCOL/ARM.
        seeds: how many runs of each arm, two at least.
    """
    study = check_config(read_config(BASE, path_to_config)).study
    folders = {name: Path("results", "precision", study.name, name) for name in PRECISIONS}
    for name, folder in folders.items():
        overlay = write_overlay(folder, name, seeds)
        targets = [str(folder / "scores" / f"{arm}.json") for arm in arms]
        cores = str(os.cpu_count() or 1)
        config_files = ["--configfile", str(path_to_config), str(overlay)]
        run([sys.executable, "-m", "snakemake", "--cores", cores, *targets, *config_files], ROOT)
    found = {arm: {name: values_of(folder, arm) for name, folder in folders.items()} for arm in arms}
    return {
        "study": study.name,
        "scale": study.scale,
        "metric": METRIC,
        "arms": [entry(arm, *by_precision.values()) for arm, by_precision in found.items()],
        "hardware": describe_hardware("cpu"),
        "versions": versions(),
    }


def write_overlay(folder: Path, precision: str, seeds: int) -> Path:
    """What is laid over the study."""
    words = {
        "results": str(folder),
        "seeds": list(range(seeds)),
        "device": {"name": "cpu", "precision": precision},
    }
    path = ROOT / folder / "study.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(words), encoding="utf-8")
    return path


def values_of(folder: Path, arm: str) -> list[float]:
    """The metric of each seed's run.

    Raises:
        InputError: where a run was computed in another precision.
    """
    for path in sorted((ROOT / folder / "networks" / arm).glob("*.safetensors")):
        used = read_description(path)["precision"]
        if used != folder.name:
            raise InputError(
                "precision", f"{path} says {used}", f"It should be {folder.name}", "delete it, and run again"
            )
    scores = read_record(ROOT / folder / "scores" / f"{arm}.json")
    return next(record["by_seed"] for record in scores["metrics"] if record["metric"] == METRIC)


def entry(arm: str, bfloat16: list[float], float32: list[float]) -> dict:
    """Both means, how far apart they are, and how far seeds are apart.

    Raises:
        StatisticsError: for fewer than two seeds.
    """
    difference = mean(bfloat16) - mean(float32)
    spread = max(stdev(bfloat16), stdev(float32))
    return {
        "arm": arm,
        "bfloat16": bfloat16,
        "float32": float32,
        "difference": difference,
        "seed_sd": spread,
        "within_spread": abs(difference) <= spread,
    }


def sentence(found: dict) -> str:
    """One line about one arm."""
    verdict = "within" if found["within_spread"] else "beyond"
    both = (f"{mean(found[name]):.3f} in {name}" for name in PRECISIONS)
    return f"{found['arm']}: {', '.join(both)}; {verdict} the seeds' {found['seed_sd']:.3f}"


def at_least_two(text: str) -> int:
    """A number of seeds that have a spread."""
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of 2 or more")
    return int(text)


def main(arguments: list[str]) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m skinkd.bench.precision", description=__doc__.splitlines()[0]
    )
    parser.add_argument("config", help="such as config/ham10000.yaml")
    parser.add_argument("--arms", type=lambda text: text.split(","), default=list(ARMS))
    parser.add_argument("--seeds", type=at_least_two, default=SEEDS)
    given = parser.parse_args(arguments)
    record = compare_precisions(given.config, given.arms, given.seeds)
    path = Path("results", record["study"], "precision.json")
    write_record(path, record)
    update_readme("results")
    print("\n".join(map(sentence, record["arms"])))
    print(f"Written: {path.resolve()}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except InputError as error:
        sys.exit(str(error))
