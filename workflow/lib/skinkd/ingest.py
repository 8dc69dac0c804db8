"""One pass over an archive: every picture decoded, checked, stretched and packed into one array."""

import hashlib
import json
import shutil
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from skinkd.atomic import digest_of, whole, write_text
from skinkd.bad_images import BadPicture, judge_bad_images
from skinkd.errors import InputError, examples
from skinkd.images import NO_END, BadImage, decode, pack
from skinkd.intact import sealed
from skinkd.picture_store import DamagedMember, open_store
from skinkd.progress import Progress
from skinkd.readers import ArchiveTables

CHUNK_IMAGES = 64


class Archive(NamedTuple):
    """Where the pictures are: a path, and the file of each image id where files have other names."""

    path: Path
    members: dict[str, str] | None

    def open(self):
        """The archive's pictures, to be read in this process."""
        return open_store(self.path, self.members)


class Packed(NamedTuple):
    """What one picture file gave; `problem` is '', or why there are no pixels."""

    pixels: np.ndarray | None = None
    width_px: int = 0
    height_px: int = 0
    sha256: str = ""
    changes: tuple[str, ...] = ()
    problem: str = ""


def ingest(
    path_to_images,
    tables: ArchiveTables,
    *,
    size_px: int,
    source: str,
    licence: str,
    on_bad_image: str,
    path_to_array,
    path_to_table,
    path_to_manifest,
    path_to_bad_images,
    workers: int = 1,
    say=print,
) -> None:
    """Pack an archive into an array, a table of images and a manifest.

    The rows of the array and of the table are in the order of `tables`. The result does not
    depend on `workers`.

    Args:
        path_to_images: zip file or folder.
        tables: the archive's images, as a reader gives them.
        size_px: side of the packed squares.
        on_bad_image: `error` stops once all pictures were tried; `drop` leaves bad ones out.
        path_to_array: npy, (images, size_px, size_px, 3), uint8.
        path_to_table: csv, one row per image.
        path_to_manifest: json with digests, counts and notices.
        path_to_bad_images: csv, one row per bad picture and why it is bad; written before any is refused.
        workers: processes that decode.
        say: takes lines for the log.

    Raises:
        InputError: what is wrong with the zip or the pictures; too small a disk.
    """
    images = tables.images["image"].tolist()
    archive = Archive(path_to_images, tables.members)
    members = archive.open().members
    unlabelled = _match(images, members, Path(path_to_images).name)
    _check_space(path_to_array, len(images) * size_px**2 * 3)

    def judge(packed):
        bad = [
            BadPicture(image, members[image], item.problem)
            for image, item in zip(images, packed, strict=True)
            if item.problem
        ]
        return judge_bad_images(bad, len(images), on_bad_image, path_to_bad_images)

    packed, dropped = _write_array(path_to_array, archive, images, size_px, judge, workers, say)
    table = _table_of(tables.images, packed)
    with whole(path_to_table) as unfinished:
        table.to_csv(unfinished, index=False, lineterminator="\n")
    notices = [*tables.notices, *unlabelled, *_notices(images, table, packed), *dropped]
    for notice in notices:
        say(notice)
    manifest = {
        "source": source,
        "size_px": size_px,
        **_counts_of(table, tables.classes),
        "images_sha256": digest_of(path_to_array),
        "table_sha256": digest_of(path_to_table),
        "ground_truth_sha256": tables.ground_truth_sha256,
        "notices": notices,
        "licence": licence,
    }
    write_text(path_to_manifest, json.dumps(sealed(manifest), indent=2, ensure_ascii=False) + "\n")


def _match(images: list[str], members: dict[str, str], name: str) -> list[str]:
    """Refuse labels without a picture; a notice where pictures have no label."""
    missing = [image for image in images if image not in members]
    if missing:
        what = (
            f"{len(missing):,} of {len(images):,} labels have no image in {name} (first: {examples(missing)})"
        )
        fix = "check that the archive is complete and its files are named by image id"
        raise InputError("archive", what, "Their images could not be learned or tested", fix, missing)
    known = set(images)
    spare = [image for image in members if image not in known]
    return [f"ignored {len(spare):,} images without a label: {examples(spare)}"] if spare else []


def _check_space(path, needed_bytes: int) -> None:
    folder = Path(path).parent
    folder.mkdir(parents=True, exist_ok=True)
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        what = (
            f"{folder} has {free_bytes / 1e9:.1f} GB free, the packed images need {needed_bytes / 1e9:.1f} GB"
        )
        raise InputError("disk", what, "The job would stop half way", "free some space or move the results")


def _write_array(path, archive, images, size_px, judge, workers, say) -> tuple[list[Packed], list[str]]:
    """Write the good pictures in order; give what each file said, without pixels, and what `judge` says."""
    told = []
    # Not a memory map: a full disk must raise an error, which a map answers with a crash.
    with whole(path) as unfinished, unfinished.open("wb") as file:
        _write_header(file, len(images), size_px)
        with Progress("ingest", total=len(images), unit="images", say=say) as progress:
            for packed in _packed(archive, images, size_px, workers):
                if not packed.problem:
                    file.write(packed.pixels.tobytes())
                told.append(packed._replace(pixels=None))
                progress.advance()
        notices = judge(told)
        file.seek(0)
        _write_header(file, sum(not item.problem for item in told), size_px)
    return told, notices


def _write_header(file, n_images: int, size_px: int) -> None:
    """The npy header; numpy pads it so that another number of images leaves its length."""
    shape = (n_images, size_px, size_px, 3)
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _packed(archive: Archive, images: list[str], size_px: int, workers: int) -> Iterator[Packed]:
    """What each image gave, in order; at most a few chunks are in memory."""
    chunks = [images[i : i + CHUNK_IMAGES] for i in range(0, len(images), CHUNK_IMAGES)]
    try:
        if workers == 1:
            results = map(partial(_pack_chunk, archive.open(), size_px), chunks)
        else:
            results = _packed_by_processes(archive, size_px, chunks, workers)
        for result in results:
            yield from result
    except DamagedMember as error:
        what = f"{Path(archive.path).name} is damaged: {error}"
        raise InputError(
            "archive", what, "Its bytes changed since it was packed", "download it again"
        ) from error


def _packed_by_processes(archive: Archive, size_px: int, chunks, workers: int) -> Iterator[list[Packed]]:
    """`_pack_chunk` over processes, in order, with a bounded number of results waiting."""
    with ProcessPoolExecutor(workers, initializer=_open_here, initargs=(archive, size_px)) as pool:
        waiting = deque()
        for chunk in chunks:
            waiting.append(pool.submit(_pack_chunk_here, chunk))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_here = {}


def _open_here(archive: Archive, size_px: int) -> None:
    """Open the archive once per process: its list of members is long, and open files cannot be sent."""
    _here.update(store=archive.open(), size_px=size_px)


def _pack_chunk_here(images: list[str]) -> list[Packed]:
    return _pack_chunk(_here["store"], _here["size_px"], images)


def _pack_chunk(store, size_px: int, images: list[str]) -> list[Packed]:
    return [_pack_one(store.read(image), size_px) for image in images]


def _pack_one(content: bytes, size_px: int) -> Packed:
    try:
        picture = decode(content, target_px=size_px)
    except BadImage as error:
        return Packed(problem=str(error))
    sha256 = hashlib.sha256(content).hexdigest()
    return Packed(pack(picture, size_px), picture.width_px, picture.height_px, sha256, picture.changes)


def _table_of(images: pd.DataFrame, packed: list[Packed]) -> pd.DataFrame:
    """The archive's table with what the picture files gave, bad pictures left out."""
    found = pd.DataFrame(packed)[["width_px", "height_px", "sha256"]]
    good = [not item.problem for item in packed]
    return pd.concat([images, found], axis=1)[good].reset_index(drop=True)


def _counts_of(table: pd.DataFrame, classes: tuple[str, ...]) -> dict:
    counts = table["label"].value_counts()
    return {
        "classes": list(classes),
        "n_images": len(table),
        "counts_by_label": {label: int(counts.get(label, 0)) for label in classes},
    }


def _notices(images: list[str], table: pd.DataFrame, packed: list[Packed]) -> list[str]:
    """What was changed or found twice, one sentence each."""
    changes = Counter(change for item in packed for change in item.changes)
    cut = [image for image, item in zip(images, packed, strict=True) if NO_END in item.changes]
    notices = [
        f"{n:,} images were {change}" + (f": {examples(cut)}" if change == NO_END else "")
        for change, n in sorted(changes.items())
    ]
    twins = table[table.duplicated("sha256", keep=False)]
    if len(twins):
        notices.append(f"{len(twins):,} images are byte-identical to another: {examples(twins['image'])}")
    mixed = twins.groupby("sha256").filter(lambda same: same["label"].nunique() > 1)
    if len(mixed):
        notices.append(
            f"{len(mixed):,} byte-identical images have different labels: {examples(mixed['image'])}"
        )
    return notices
