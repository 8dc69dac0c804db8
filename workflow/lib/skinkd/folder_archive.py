"""Takes an archive of folders by class, which no url gives, from where its user put it.

A flipped bit in a picture mostly decodes without an error. In a zip its checksum finds it; of a folder, only
a list of digests can tell, which the first packing writes and every later one compares.
"""

import csv
import shutil
import zipfile
from pathlib import Path

from skinkd.atomic import digest_of, whole
from skinkd.errors import InputError, examples
from skinkd.picture_store import open_store

PACKED = (1980, 1, 1, 0, 0, 0)  # fixed, so that equal folders give equal bytes


def pack_folders(*, path, path_to_zip, path_to_digests, source: str, page: str, say=print) -> None:
    """Copy a zip file, or pack the pictures of a folder and its subfolders into one, uncompressed.

    Args:
        path: the zip file or the folder; None where the config names none.
        path_to_zip: what is written.
        path_to_digests: csv of the sha256 of each picture of a folder; where it is there, they are compared.
        source, page: the source's name in the config and where its files are, for the message.
        say: takes lines for the log.

    Raises:
        InputError: nothing there, a zip that cannot be opened, a folder without pictures, or with pictures
            that are not those of the list.
    """
    if problem := problem_of_path(path, source, page):
        raise problem
    names = open_store(path, members={}).names
    if not names:
        fix = f"set sources.{source}.path to the zip from {page}, or to it unpacked"
        raise InputError("archive", f"{path} holds no pictures", "There is nothing to read", fix)
    with whole(path_to_zip) as unfinished:
        if Path(path).is_dir():
            _check_digests(Path(path), names, Path(path_to_digests))
            _pack(Path(path), names, unfinished)
        else:
            # A link would let Snakemake change the dates of the original.
            shutil.copyfile(path, unfinished)
    say(f"{len(names):,} pictures from {path}")


def problem_of_path(path, source: str, page: str) -> InputError | None:
    """Nothing if there is something at the path that the config names for a source; arguments as above."""
    if path is not None and Path(path).exists():
        return None
    what = f"sources.{source}.path is not set" if path is None else f"sources.{source}.path: no {path}"
    fix = f"get the zip from {page} by hand and set sources.{source}.path to it, or to it unpacked"
    return InputError("archive", what, "These pictures are behind a login, so no job can fetch them", fix)


def _check_digests(folder: Path, names: list[str], path_to_digests: Path) -> None:
    """Compare the digests with the list, then write it; files may come and go, their bytes may not change."""
    digests = {name: digest_of(folder / name) for name in names}
    known = _read_digests(path_to_digests)
    changed = [name for name, digest in digests.items() if known.get(name, digest) != digest]
    if changed:
        what = f"{len(changed):,} pictures in {folder} have other bytes than before: {examples(changed)}"
        fix = f"copy them anew from their origin; if you changed them yourself, delete {path_to_digests}"
        raise InputError("archive", what, "A flipped bit shows as another picture, not as an error", fix)
    with whole(path_to_digests) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("file", "sha256"), *digests.items()])


def _read_digests(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["file"]: row["sha256"] for row in csv.DictReader(file)}


def _pack(folder: Path, names: list[str], path_to_zip) -> None:
    with zipfile.ZipFile(path_to_zip, "w", zipfile.ZIP_STORED) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name, PACKED), (folder / name).read_bytes())
