"""An archive and its splits on disk: each record says by digests which tables and pictures it belongs to."""

import numpy as np
import pandas as pd

from skinkd.atomic import digest_of
from skinkd.errors import InputError
from skinkd.intact import check_digest, read_sealed, stamped_digest_of

# Digests that a split takes over from the manifest of its archive.
OF_ARCHIVE = ("images_sha256", "table_sha256")


def read_manifest(path_to_manifest, path_to_table, path_to_array=None) -> dict:
    """The manifest of an archive whose table of images is the one that was written with it.

    Args:
        path_to_array: the packed pictures, to be compared, too; they are read as a whole only where they
            were touched since they were read last.

    Raises:
        InputError: where a file is damaged, was edited or belongs to another archive.
    """
    manifest = read_sealed(path_to_manifest, "archive")
    found = digest_of(path_to_table)
    check_digest("archive", path_to_table, found, manifest["table_sha256"], path_to_manifest)
    _check_pictures(path_to_array, manifest, path_to_manifest)
    return manifest


def read_summary(path_to_summary, path_to_split, path_to_array=None) -> dict:
    """The summary of a split whose table, and packed pictures if given, are those that it belongs to.

    Args:
        path_to_array: as `read_manifest`.

    Raises:
        InputError: where a file is damaged, was edited or belongs to another split.
    """
    summary = read_sealed(path_to_summary, "split")
    check_digest("split", path_to_split, digest_of(path_to_split), summary["split_sha256"], path_to_summary)
    _check_pictures(path_to_array, summary, path_to_summary)
    return summary


def _check_pictures(path_to_array, record: dict, path_to_record) -> None:
    if path_to_array is not None:
        found = stamped_digest_of(path_to_array)
        check_digest("archive", path_to_array, found, record["images_sha256"], path_to_record)


def read_table(path_to_split) -> pd.DataFrame:
    """The rows of a split: image, row of the packed pictures, group, lesion, label and part."""
    return pd.read_csv(path_to_split, dtype=str, keep_default_na=False).astype({"row": int})


def open_pictures(path) -> np.ndarray:
    """The packed pictures, (N, S, S, 3) uint8, memory-mapped; code in a pickle is never run.

    Raises:
        InputError: where the file is damaged or holds anything else.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        problem = "" if _holds_pictures(array) else f"{array.dtype} {array.shape}"
    except (ValueError, OSError, EOFError, AttributeError) as error:
        problem = f"{type(error).__name__}: {error}"
    if problem:
        raise InputError(
            "archive",
            f"{path} is no array of square pictures ({problem})",
            "There is nothing to learn from",
            f"delete {path} and run again: the job that makes it repeats",
        )
    return array


def _holds_pictures(array) -> bool:
    shape = array.shape
    return array.dtype == np.uint8 and len(shape) == 4 and shape[1] == shape[2] and shape[3] == 3
