"""What joins test images to the images that a network learns from, and what a leak adds to a score."""

from skinkd import cells, formats
from skinkd.cells import Cell, Column, Table, slug
from skinkd.lookups import RELATIVES, arm_label, metric_label, paper_label, protocol_label

REACHES = {"all": "all", "with_sibling": "with a sibling in training"}
NOTHING = "no test lesion has a second picture that could leak: nothing was injected"


def links(results: dict, paper: str) -> Table | None:
    """Test images with a relative in training or validation, by kind, per protocol; None without an audit."""
    audit = results.get("audits", {}).get(paper)
    if audit is None:
        return None
    rows = [
        _link_row(audit, split, link) for split in _first_folds(audit["splits"]) for link in split["links"]
    ]
    near = audit["near"]
    return Table(
        name=slug(paper, "links"),
        title=f"{paper_label(results, paper)}: relatives of test images outside of the test part",
        caption="Test images with a relative of this kind in training and in validation, by the split; "
        f"and in either by {formats.plural(len(audit['predictions']), 'prediction file')}, the most. "
        f"Near duplicates: hashes that differ in at most {near['most_bits']} of 64 bits, and small copies "
        f"that correlate at {near['least_correlation']} or more; a turned or mirrored copy is not found. "
        f"Each pair stands in audit/{paper}.csv.",
        columns=(
            Column("protocol", "Protocol"),
            Column("relative", "Relative"),
            Column("train", "In training", True),
            Column("share", "Share of test", True),
            Column("validation", "In validation", True),
            Column("predicted", "By the predictions", True),
        ),
        rows=tuple(rows),
        grouped=True,
        folded=True,
    )


def _first_folds(splits: list[dict]) -> list[dict]:
    """The split of each protocol's first fold."""
    first: dict[str, dict] = {}
    for split in sorted(splits, key=lambda split: split["fold"]):
        first.setdefault(split["protocol"], split)
    return [first[protocol] for protocol in dict.fromkeys(split["protocol"] for split in splits)]


def _link_row(audit: dict, split: dict, link: dict) -> tuple[Cell, ...]:
    return (
        cells.text(protocol_label(split["protocol"])),
        cells.text(RELATIVES[link["kind"]]),
        cells.count(link["train"]),
        cells.share(link["train"] / split["test_images"]),
        cells.count(link["validation"]),
        _predicted(audit, split, link["kind"]),
    )


def _predicted(audit: dict, split: dict, kind: str) -> Cell:
    """The most test images of any prediction file of a protocol that have such a relative."""
    files = [file for file in audit["predictions"] if file["protocol"] == split["protocol"] and kind in file]
    if not files:
        return cells.missing("read from the split alone", "–")
    return cells.count(max(file[kind] for file in files))


def injection(results: dict, paper: str) -> Table | None:
    """Each arm with a leak injected minus the same arm without; None where the study injects none."""
    found = results.get("audits", {}).get(paper, {}).get("injections", [])
    if not found:
        return None
    return Table(
        name=slug(paper, "injection"),
        title=f"{paper_label(results, paper)}: what a leak alone adds",
        caption="The leak-free arm, and the same arm trained once more with half of the pictures of each "
        "test lesion in the places of as many training images of their class. Both are tested on the test "
        "images that stayed; the difference is paired, its interval is over lesions.",
        columns=(
            Column("arm", "Arm"),
            Column("images", "Test images"),
            Column("metric", "Metric"),
            Column("clean", "Leak-free", True),
            Column("injected", "Leak injected", True),
            Column("difference", "Difference, pp", True),
        ),
        rows=tuple(row for about in found for row in _injection_rows(results, paper, about)),
        grouped=True,
    )


def _injection_rows(results, paper, about):
    arm = cells.text(arm_label(results, paper, about["arm"]))
    if not about["images_injected"]:
        yield arm, cells.text("none"), cells.text("none"), *(cells.missing(NOTHING, "none") for _ in range(3))
        return
    for reach in about["reaches"]:
        images = cells.text(
            f"{formats.count(reach['n_images'])} of {formats.plural(reach['n_lesions'], 'lesion')}, "
            f"{REACHES[reach['reach']]}"
        )
        for record in reach["metrics"]:
            yield (
                arm,
                images,
                cells.text(metric_label(record["metric"])),
                *_sides(record),
                _difference(record),
            )


def _sides(record):
    for side in ("clean", "injected"):
        yield cells.number(record[side], "a class has no test image here", "undefined", record["metric"])


def _difference(record) -> Cell:
    value, low, high = (record[key] for key in ("value", "low", "high"))
    if None in (value, low, high):
        return cells.points(None, "a class has no test image here")
    return Cell(
        formats.shaped_points(value), (formats.points_interval(low, high),), value, low, high, kind="number"
    )
