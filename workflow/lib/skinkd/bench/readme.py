"""The README's lines on speed: made from the measured files, never typed."""

from pathlib import Path
from statistics import mean

from skinkd import formats
from skinkd.atomic import write_text
from skinkd.bench.table import short, verdict_of
from skinkd.readme_block import with_block
from skinkd.records import read_record

BEGIN, END = "<!-- speed: make bench -->", "<!-- end of speed -->"
README = Path("README.md")
TABLE, WORDS = "benchmark.json", "benchmark_machine.json"
DEMO, PRECISION = "benchmark_demo.json", "ham10000/precision.json"


def speed_block(folder) -> str:
    """The rows that have a goal, the demo before and after, both precisions: each as far as it was measured.

    Args:
        folder: `results`.
    """
    folder, lines = Path(folder), [BEGIN]
    if (folder / TABLE).exists():
        lines += _table(read_record(folder / TABLE), read_record(folder / WORDS))
    sentences = []
    if (folder / DEMO).exists():
        sentences.append(_demo(read_record(folder / DEMO)))
    if (folder / PRECISION).exists():
        sentences += _precision(read_record(folder / PRECISION))
    return "\n".join([*lines, *sentences, END])


def update_readme(folder) -> None:
    """Write the README's lines anew, if the files are those that it speaks of."""
    if README.exists() and Path(folder).resolve() == README.resolve().with_name("results"):
        write_text(README, with_block(README.read_text(encoding="utf-8"), speed_block(folder)))


def _table(records: list[dict], known: dict) -> list[str]:
    """One line for each row with a goal."""
    words = {row["name"]: row for row in known["rows"]}
    lines = [
        "| What: ours, other | Ratio is | Ratio [low, high] | Goal | Floor | |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_row(record, words[record["name"]]) for record in records if words[record["name"]]["goal"]]
    return [*lines, "", *_made_on(known), ""]


def _made_on(known: dict) -> list[str]:
    """How often, on which machine, with which versions."""
    hardware, versions = known["machine"]["hardware"], known["machine"]["versions"]
    return [
        f"Medians of {known['settings']['repeats']} turns, lowest and highest turn. Synthetic pictures.",
        f"{formats.plural(hardware['cores'], 'core')} of {hardware['cpu']}, accelerator "
        f"{hardware['accelerator']}, torch {versions['torch']}, torchdistill {versions['torchdistill']}.",
    ]


def _row(record: dict, words: dict) -> str:
    """A row of the table; where the goal is one of our own value, that is said, too."""
    spread = f"{short(record['ratio'])} [{short(record['low'])}, {short(record['high'])}]"
    own = f"; ours {short(record['ours'])} {record['unit']}" if words["goal"].startswith("ours") else ""
    floor = "" if words["floor"] is None else short(words["floor"])
    cells = (
        words["what"],
        words["reads"],
        spread + own,
        words["goal"],
        floor,
        verdict_of(record, words),
    )
    return f"| {' | '.join(cells)} |"


def _demo(record: dict) -> str:
    """The demo at two commits."""
    after, before = (
        f"{formats.duration(record[side]['wall_s'])} at `{record[side]['commit'][:7]}`"
        for side in ("after", "before")
    )
    cores = formats.plural(record["hardware"]["cores"], "core")
    return f"- The demo, from nothing to a page, on {cores}: {after}, {before}; {record['ratio']:.0%}."


def _precision(record: dict) -> list[str]:
    """Both precisions, one line for each arm."""
    return [
        f"- `{arm['arm']}`, {formats.plural(len(arm['float32']), 'seed')} on {record['study']}: balanced "
        f"accuracy {formats.number(mean(arm['bfloat16']))} in bfloat16, "
        f"{formats.number(mean(arm['float32']))} in float32; the seeds' standard deviation is "
        f"{formats.number(arm['seed_sd'])}."
        for arm in record["arms"]
    ]
