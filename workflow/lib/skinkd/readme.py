"""The README's table of results: text made from results.json, never typed."""

from skinkd import formats
from skinkd.lookups import difference_of, metric_of, score_of

BEGIN, END = "<!-- results: make publish -->", "<!-- end of results -->"
METRICS = {"balanced_accuracy": "Balanced accuracy", "auc": "AUC"}
PROTOCOLS = {"as_published": "as published", "leak_free": "leak-free"}


def results_block(results: dict) -> str:
    """The table of every arm, the leaks, what the distilled arms gained, and where it was run."""
    return "\n".join(
        [BEGIN, *_table(results), "", *_leaks(results), *_gains(results), "", _origin(results), END]
    )


def with_results(readme: str, results: dict) -> str:
    """The README with its block of results replaced.

    Raises:
        ValueError: where the README has no such block.
    """
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return before + results_block(results) + after


def _table(results: dict) -> list[str]:
    """A Markdown table: one row per arm, one column per metric and protocol."""
    columns = [(metric, protocol) for metric in METRICS for protocol in results["protocols"]]
    heads = [f"{METRICS[metric]}, {PROTOCOLS[protocol]}" for metric, protocol in columns]
    lines = [f"| Paper | Arm | {' | '.join(heads)} |", "|" + "---|" * (2 + len(columns))]
    for paper, described in results["papers"].items():
        for arm, words in described["arms"].items():
            cells = [_cell(score_of(results, paper, protocol, arm), metric) for metric, protocol in columns]
            lines.append(f"| {described['label']} | {words['label']} | {' | '.join(cells)} |")
    return lines


def _cell(score: dict | None, metric: str) -> str:
    """A value with its interval."""
    found = metric_of(score, metric)
    if found is None or found["value"] is None:
        return "not run"
    return f"{formats.number(found['value'])} {formats.interval(found['low'], found['high'])}"


def _leaks(results: dict) -> list[str]:
    """One line per split that lets lesions stand on both sides."""
    return [
        f"- {results['papers'][split['paper']]['label']}, {PROTOCOLS[split['protocol']]}: "
        f"{formats.percent(split['leakage']['share'])} of the test images share a lesion with training or "
        "validation images."
        for split in results["splits"]
        if split["leakage"]["share"]
    ]


def _gains(results: dict) -> list[str]:
    """One line per distilled arm and protocol: balanced accuracy gained over the student alone."""
    lines = []
    for paper, described in results["papers"].items():
        for arm, words in described["arms"].items():
            for protocol in results["protocols"]:
                gain = difference_of(score_of(results, paper, protocol, arm), "balanced_accuracy")
                if gain is not None:
                    value = formats.signed_points(gain["value"])
                    interval = formats.points_interval(gain["low"], gain["high"])
                    lines.append(
                        f"- {words['label']}, {PROTOCOLS[protocol]}: {value} {interval} "
                        f"against {described['arms'][gain['baseline']]['label']}."
                    )
    return lines


def _origin(results: dict) -> str:
    """What the numbers rest on."""
    first = results["scores"][0]
    provenance, hardware = results["provenance"], results["provenance"]["hardware"]
    runtime_s = sum(entry["runtime_s"] for entry in results["cost"])
    return (
        f"Intervals: {formats.level(first['confidence'])}, {first['resamples']} resamples of lesions, "
        f"{formats.plural(first['n_seeds'], 'seed')}. Differences: percentage points of balanced accuracy, "
        f"paired. Run on {hardware['cores']} cores of {hardware['cpu']}, "
        f"accelerator {hardware['accelerator']}, "
        f"torch {provenance['versions']['torch']}; {formats.duration(runtime_s)} of job time."
    )
