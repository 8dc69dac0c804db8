"""An archive as the ISIC 2019 challenge gives it: pictures named by image id, and two tables."""

from skinkd.isic import read_archive_tables
from skinkd.readers import ArchiveTables


def isic_challenge(path_to_images, paths_to_tables, **policies: str) -> ArchiveTables:
    """Read the ground truth and the metadata, in this order; `skinkd.isic.read_archive_tables` says how.

    Raises:
        InputError: what is wrong with the tables.
    """
    path_to_ground_truth, path_to_metadata = paths_to_tables
    return read_archive_tables(path_to_ground_truth, path_to_metadata, **policies)
