"""Refuses a batch that is larger than the training part: each epoch would silently be one smaller batch."""

from skinkd.errors import InputError
from skinkd.findings import WAYS_OUT, Finding
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


def check_batch(run: dict, path_to_summary) -> None:
    """Nothing if the batch of a run is not larger than its training part.

    Raises:
        InputError: where it is.
    """
    for finding in findings_of_batches({run["arm"]: run["training"]["batch_size"]}, path_to_summary):
        why = "Each epoch would be one smaller batch, which is another recipe"
        raise InputError("batch", f"{finding.place}: {finding.what}", why, WAYS_OUT["batch"])
