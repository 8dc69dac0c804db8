"""What the numbers rest on: data, leakage, assumptions and cost."""

from skinkd import captions, cells, formats
from skinkd.cells import Cell, Column, Table, slug
from skinkd.lookups import paper_label, protocol_label, splits_of


def data(results: dict, paper: str) -> Table:
    """Images and lesions of each class in each part, per protocol."""
    splits = splits_of(results, paper)
    parts = list(dict.fromkeys(part for split in splits.values() for part in split["counts"]))
    rows = [
        (
            cells.text(protocol_label(protocol)),
            cells.text(of_class),
            *(
                cells.count(split["counts"].get(part, {}).get(of_class, {}).get(unit, 0))
                for part in parts
                for unit in ("images", "groups")
            ),
        )
        for protocol, split in splits.items()
        for of_class in split["classes"]
    ]
    shown = "; ".join(f"{protocol_label(p).lower()}: fold {split['fold']}" for p, split in splits.items())
    return Table(
        name=slug(paper, "data"),
        title=f"{paper_label(results, paper)}: images and lesions of each part",
        caption="Lesions are groups: images of one lesion, or with the same bytes, are one group. "
        f"Shown: {shown or 'no split'}.",
        columns=(
            Column("protocol", "Protocol"),
            Column("class", "Class"),
            *(
                Column(f"{part}_{unit}", f"{part.capitalize()} {unit}", True)
                for part in parts
                for unit in ("images", "lesions")
            ),
        ),
        rows=tuple(rows),
        grouped=True,
        folded=True,
    )


def leakage(results: dict, paper: str) -> Table:
    """Test images whose lesion also has training or validation images, per protocol and class."""
    rows = []
    for protocol, split in splits_of(results, paper).items():
        found = split["leakage"]
        whole = found | {"sharing": found["test_images_sharing_a_lesion"]}
        for of_class, counts in {"All": whole, **found["by_class"]}.items():
            rows.append(_leakage_row(protocol, of_class, counts))
    sentences = ". ".join(captions.leakage_sentence(split) for split in splits_of(results, paper).values())
    return Table(
        name=slug(paper, "leakage"),
        title=f"{paper_label(results, paper)}: lesions on both sides of the split",
        caption=f"{sentences}.",
        columns=(
            Column("protocol", "Protocol"),
            Column("class", "Class"),
            Column("test_images", "Test images", True),
            Column("sharing", "Sharing a lesion", True),
            Column("share", "Share", True),
        ),
        rows=tuple(rows),
        grouped=True,
        folded=True,
    )


def _leakage_row(protocol, of_class, counts):
    share = counts["share"]
    return (
        cells.text(protocol_label(protocol)),
        cells.text(of_class),
        cells.count(counts["test_images"]),
        cells.count(counts["sharing"]),
        cells.share(share, "no test image of this class"),
    )


def assumptions(results: dict) -> Table:
    """What the papers leave open and the code decides, where it stands in the code."""
    return Table(
        name="assumptions",
        title="Assumptions",
        caption=f"{formats.plural(len(results['assumptions']), 'decision')} that the papers leave open, "
        "each read from the line of code that takes it.",
        columns=(Column("text", "Assumption"), Column("place", "Where")),
        rows=tuple(
            (cells.text(found["text"]), cells.text(f"{found['file']}:{found['line']}"))
            for found in results["assumptions"]
        ),
        folded=True,
    )


def cost(results: dict) -> Table:
    """Jobs, time and memory of each rule."""
    records = results["cost"]
    jobs, runtime_s = sum(r["jobs"] for r in records), sum(r["runtime_s"] for r in records)
    return Table(
        name="cost",
        title="Cost of each rule",
        caption=f"{formats.plural(jobs, 'job')}, {formats.duration(runtime_s)} of job time in all. "
        "Times are summed over jobs, from the first line of their scripts; memory is the largest of any job, "
        "libraries included.",
        columns=(
            Column("rule", "Rule"),
            Column("jobs", "Jobs", True),
            Column("runtime_s", "Run time", True),
            Column("cpu_s", "Processor time", True),
            Column("max_memory_mb", "Memory", True),
        ),
        rows=tuple(
            (
                cells.text(record["rule"]),
                cells.count(record["jobs"]),
                _duration(record["runtime_s"]),
                _duration(record["cpu_s"]),
                _memory(record["max_memory_mb"]),
            )
            for record in records
        ),
    )


def _duration(value: float) -> Cell:
    return Cell(formats.duration(value), value=value, kind="number")


def _memory(value: float) -> Cell:
    return Cell(formats.megabytes(value), value=value, kind="number")
