"""How often intervals hold the truth: `python -m skinkd.bench.coverage [--studies 1000]`.

Studies are simulated whose truth is known. An interval of 95 % should hold it in 95 % of them. Beside
intervals from drawing lesions stand those from drawing images, as if the images of one lesion were
independent. Writes `results/coverage.json` and a table of it, `results/coverage.md`.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from skinkd import formats
from skinkd.atomic import write_text
from skinkd.bench.simulated import DESIGNS, METRICS, Design, numbers, study, truth
from skinkd.intervals import resampled
from skinkd.lookups import metric_label
from skinkd.records import rounded, write_record

FOLDER = Path("results")
SETTINGS = {"studies": 1000, "resamples": 500, "confidence": 0.95, "seed": 0, "lesions_per_class": 60_000}
UNITS = ("lesions", "images")
# What intervals of 95 % should cover, by the goal of the study.
LEAST, MOST = 0.92, 0.98


def coverage(design: Design, settings: dict, each=map) -> dict:
    """The share of a design's studies whose intervals hold the truth, for each number and unit of drawing.

    Args:
        settings: `studies`, `resamples`, `confidence`, `seed` and `lesions_per_class` of the population.
        each: `map`, or that of a pool of processes.
    """
    seed = [settings["seed"], *design.lesions]
    true = truth(design, np.random.default_rng(seed), settings["lesions_per_class"])
    seeds = ([*seed, number] for number in range(settings["studies"]))
    low, high = np.moveaxis(np.array(list(each(intervals, repeat(design), seeds, repeat(settings)))), 2, 0)
    return {
        **vars(design),
        "rows": [
            {
                "metric": METRICS[place % len(METRICS)],
                "kind": "value" if place < len(METRICS) else "difference",
                "true": float(true[place]),
                **{
                    unit: _share(low[:, n, place], high[:, n, place], true[place])
                    for n, unit in enumerate(UNITS)
                },
            }
            for place in range(len(true))
        ],
    }


def _share(low: np.ndarray, high: np.ndarray, true: float) -> dict:
    """Coverage of intervals (studies,), the misses on either side and the mean width."""
    below, above = high < true, low > true
    return {
        "coverage": float(1 - (below | above).mean()),
        "too_low": float(below.mean()),
        "too_high": float(above.mean()),
        "width": float((high - low).mean()),
    }


def intervals(design: Design, seed: list[int], settings: dict) -> np.ndarray:
    """One study's intervals, (units, 2, 6): lower and upper ends of all numbers, by what is drawn."""
    generator = np.random.default_rng(seed)
    lesions, labels, logits = study(design, generator)
    alone = np.full(len(labels), "", dtype=object)
    how = {"resamples": settings["resamples"], "generator": generator}
    return np.array(
        [
            resampled(lambda weights: numbers(labels, logits, weights), drawn, labels, **how).interval(
                settings["confidence"]
            )
            for drawn in (lesions, alone)
        ]
    )


def table(record: dict) -> str:
    """The record as a page of Markdown."""
    settings = record["settings"]
    lines = [
        "# How often intervals hold the truth",
        "",
        f"Made by `make coverage`: {formats.count(settings['studies'])} simulated studies of each design, "
        f"{formats.count(settings['resamples'])} resamples each, {formats.level(settings['confidence'])} "
        "intervals. The truth is that of a very large population. By chance alone a coverage of "
        f"{formats.level(settings['confidence'])} is seen as {_chance(settings)}.",
        "",
    ]
    for design in record["designs"]:
        lines += _section(design)
    return "\n".join([*lines, verdict(record), ""])


def _chance(settings: dict) -> str:
    """Where 95 % of coverages seen in so many studies lie, if the interval is right."""
    confidence, n = settings["confidence"], settings["studies"]
    half = 1.96 * (confidence * (1 - confidence) / n) ** 0.5
    return f"{formats.percent(confidence - half)} to {formats.percent(confidence + half)}"


def _section(design: dict) -> list[str]:
    """The table of one design."""
    lesions = ", ".join(map(str, design["lesions"]))
    return [
        f"## {design['name'].capitalize()}",
        "",
        f"Lesions by class: {lesions}; {design['images_per_lesion']:g} images each in the mean, which share "
        f"{formats.level(design['likeness'])} of a model's error; both models share "
        f"{formats.level(design['agreement'])}.",
        "",
        "| Number | Truth | Drawing lesions | too low | too high | Drawing images | Widths |",
        "|---|---|---|---|---|---|---|",
        *map(_line, design["rows"]),
        "",
    ]


def _line(row: dict) -> str:
    """One number of one design."""
    lesions, images = (row[unit] for unit in UNITS)
    ending = ", difference" if row["kind"] == "difference" else ""
    shares = [formats.percent(lesions[key]) for key in ("coverage", "too_low", "too_high")]
    cells = (
        f"{metric_label(row['metric'])}{ending}",
        formats.number(row["true"]),
        *shares,
        formats.percent(images["coverage"]),
        f"{formats.number(lesions['width'])}, {formats.number(images['width'])}",
    )
    return f"| {' | '.join(cells)} |"


def outside(record: dict) -> list[tuple[str, dict]]:
    """The designs' numbers whose interval over lesions covers less than LEAST or more than MOST."""
    return [
        (design["name"], row)
        for design in record["designs"]
        for row in design["rows"]
        if not LEAST <= row["lesions"]["coverage"] <= MOST
    ]


def verdict(record: dict) -> str:
    """In one paragraph, whether the intervals over lesions cover what they should, and where not."""
    rows = [row for design in record["designs"] for row in design["rows"]]
    ends = {unit: sorted(row[unit]["coverage"] for row in rows) for unit in UNITS}
    spans = {unit: f"{formats.percent(e[0])} to {formats.percent(e[-1])}" for unit, e in ends.items()}
    said = f"Drawing lesions covers {spans['lesions']}, drawing images {spans['images']}."
    missed = "; ".join(
        f"{metric_label(row['metric'])} ({row['kind']}, {name}) {formats.percent(row['lesions']['coverage'])}"
        for name, row in outside(record)
    )
    goal = f"{formats.level(LEAST)} to {formats.level(MOST)}"
    return f"{said} " + (f"Outside {goal}: {missed}." if missed else f"All over lesions are within {goal}.")


def simulate(settings: dict, designs, each=map) -> dict:
    """The record of these designs."""
    return {"settings": settings, "designs": [coverage(design, settings, each) for design in designs]}


def main(arguments: list[str]) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m skinkd.bench.coverage", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--studies", type=int, default=SETTINGS["studies"], help="simulated for each design")
    settings = SETTINGS | {"studies": parser.parse_args(arguments).studies}
    # A fork of a process with threads may wait for ever.
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        record = rounded(simulate(settings, DESIGNS, pool.map))
    write_record(FOLDER / "coverage.json", record)
    write_text(FOLDER / "coverage.md", table(record))
    print(verdict(record))


if __name__ == "__main__":
    main(sys.argv[1:])
