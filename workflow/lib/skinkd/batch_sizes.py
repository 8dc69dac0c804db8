"""Batches that are larger than a training part: each epoch would silently be one smaller batch."""

from skinkd.findings import Finding
from skinkd.records import read_record


def findings_of_batches(batches: dict[str, int], path_to_summary) -> list[Finding]:
    """The batches that are larger than a split's training part.

    Args:
        batches: images in a batch, by what is trained.
        path_to_summary: of the split.
    """
    counts = read_record(path_to_summary)["counts"]["train"]
    images = sum(of_class["images"] for of_class in counts.values())
    return [
        Finding(
            "batch",
            str(path_to_summary),
            f"batch_size {size} of {trained} is more than its {images:,} images",
        )
        for trained, size in batches.items()
        if size > images
    ]
