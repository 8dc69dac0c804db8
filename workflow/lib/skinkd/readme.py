"""The README's table of results: text made from results.json, never typed."""

from skinkd import formats
from skinkd.captions import as_coded_sentence
from skinkd.lookups import (
    HEADLINE,
    arm_label,
    difference_of,
    metric_of,
    paper_label,
    protocol_label,
    protocols_of,
    score_of,
    splits_of,
)
from skinkd.selections import MAIN_RULE, main_arms, others_than_main

BEGIN, END = "<!-- results: make publish -->", "<!-- end of results -->"


def results_block(results: dict) -> str:
    """The main arms of each paper, the leaks, what distillation changed in them, and where it was run."""
    papers = results["papers"]
    lines = [line for paper in papers for line in (*_leaks(results, paper), *_gains(results, paper))]
    lines += [f"- {sentence}" for paper in papers if (sentence := as_coded_sentence(results, paper))]
    return "\n".join([BEGIN, *_table(results), "", _rule(results), "", *lines, "", _origin(results), END])


def _table(results: dict) -> list[str]:
    """A Markdown table of balanced accuracy: one row per main arm, one column per protocol."""
    protocols = list(results["protocols"])
    lines = [
        f"| Paper | Arm | {' | '.join(map(protocol_label, protocols))} |",
        "|---" * (2 + len(protocols)) + "|",
    ]
    for paper in results["papers"]:
        for arm in main_arms(results, paper):
            cells = [_cell(results, paper, protocol, arm) for protocol in protocols]
            label = arm_label(results, paper, arm)
            lines.append(f"| {paper_label(results, paper)} | {label} | {' | '.join(cells)} |")
    return lines


def _cell(results: dict, paper: str, protocol: str, arm: str) -> str:
    """A value with its interval."""
    if protocol not in protocols_of(results, paper):
        return "none"
    found = metric_of(score_of(results, paper, protocol, arm), HEADLINE)
    if found is None or found["value"] is None:
        return "not run"
    return f"{formats.number(found['value'])} {formats.interval(found['low'], found['high'])}"


def _rule(results: dict) -> str:
    """Which arms the table shows, and where the others are."""
    others = sum(others_than_main(results, paper) for paper in results["papers"])
    elsewhere = f" {formats.plural(others, 'other arm')}: in the results." if others else ""
    return f"Balanced accuracy. Shown of each paper: {MAIN_RULE}.{elsewhere}"


def _leaks(results: dict, paper: str) -> list[str]:
    """One line per split that lets lesions stand on both sides."""
    return [
        f"- {paper_label(results, paper)}, {protocol_label(protocol).lower()}: "
        f"{formats.percent(split['leakage']['share'])} of the test images share a lesion with training or "
        "validation images."
        for protocol, split in splits_of(results, paper).items()
        if split["leakage"]["share"]
    ]


def _gains(results: dict, paper: str) -> list[str]:
    """One line per distilled arm of the table: balanced accuracy gained over the student alone."""
    lines = []
    for arm in main_arms(results, paper):
        gains = {
            p: difference_of(score_of(results, paper, p, arm), HEADLINE) for p in protocols_of(results, paper)
        }
        gains = {p: gain for p, gain in gains.items() if gain and None not in (gain["value"], gain["low"])}
        if gains:
            baseline = arm_label(results, paper, next(iter(gains.values()))["baseline"])
            words = "; ".join(f"{protocol_label(p).lower()} {_gain(gain)}" for p, gain in gains.items())
            subject = f"{paper_label(results, paper)}, {arm_label(results, paper, arm)}"
            lines.append(f"- {subject} against {baseline}: {words}.")
    return lines


def _gain(gain: dict) -> str:
    return f"{formats.signed_points(gain['value'])} {formats.points_interval(gain['low'], gain['high'])}"


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
