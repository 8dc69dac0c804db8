"""The benchmark as a table to read."""

from skinkd.bench.comparing import met

HEADER = (
    "Row",
    "What: ours, other",
    "Unit",
    "Ours",
    "Other",
    "Ratio [low, high]",
    "Ratio is",
    "Goal",
    "Floor",
    "",
)
VERDICTS = {True: "met", False: "missed", None: ""}
FORBIDDEN = "missed, as its floor says"


def table_of(records: list[dict], described: list[dict], machine: dict, settings: dict) -> str:
    """A page of Markdown.

    Args:
        records: as in `benchmark.json`.
        described: what else is known of each row, in the same order.
    """
    words = {row["name"]: row for row in described}
    lines = [_line(HEADER), _line(["---"] * len(HEADER))]
    lines += [_line(_cells(record, words[record["name"]])) for record in records]
    notes = [f"- `{row['name']}`: {row['note']}" for row in described if row["note"]]
    how = [f"- {sentence}" for sentence in settings["how"]]
    return "\n".join(["# Benchmark", "", _machine(machine, settings), "", *lines, "", *how, *notes, ""])


def _machine(machine: dict, settings: dict) -> str:
    """One paragraph on what it was measured with."""
    hardware, versions = machine["hardware"], machine["versions"]
    width_px, height_px = settings["jpeg_px"]
    return (
        f"{hardware['cpu']}, {hardware['cores']} cores, {hardware['memory_gb']} GB, accelerator "
        f"{hardware['accelerator']}; torch {versions['torch']}, torchdistill {versions['torchdistill']}. "
        f"Batches of {settings['batch']}, synthetic JPEGs of {width_px}×{height_px} px, "
        f"{settings['jpeg_kb']} kB each."
    )


def _cells(record: dict, words: dict) -> list[str]:
    """One row."""
    spread = f"{short(record['ratio'])} [{short(record['low'])}, {short(record['high'])}]"
    floor = "" if words["floor"] is None else short(words["floor"])
    verdict = verdict_of(record, words)
    ours, other = short(record["ours"]), short(record["other"])
    name = f"`{record['name']}`"
    return [
        name,
        words["what"],
        record["unit"],
        ours,
        other,
        spread,
        words["reads"],
        words["goal"],
        floor,
        verdict,
    ]


def verdict_of(record: dict, words: dict) -> str:
    """Whether a row met its goal; empty where it has none."""
    verdict, floor = VERDICTS[met(words["goal"], record)], words["floor"]
    forbidden = floor is not None and met(words["goal"], record | {"ratio": floor}) is False
    return FORBIDDEN if verdict == VERDICTS[False] and forbidden else verdict


def _line(cells) -> str:
    """Cells as a line of a table."""
    return f"| {' | '.join(cells)} |"


def short(value: float) -> str:
    """Three digits that count: `0.0412`, `7.31`, `1,204`."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}".replace("-", "−")
