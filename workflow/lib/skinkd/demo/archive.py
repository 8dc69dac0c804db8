"""Writes the synthetic archive: ISIC 2019's three files, from a seed."""

import csv
import io
import zipfile

import numpy as np

from skinkd.atomic import whole, write_text
from skinkd.demo.lesions import draw_lesion
from skinkd.demo.looks import draw_look
from skinkd.demo.photographs import CAMERAS, draw_visit, photograph
from skinkd.demo.roster import LABELS, draw_roster

FOLDER = "ISIC_2019_Training_Input"
JPEG_QUALITY = 85
WRITTEN = (2019, 8, 1, 0, 0, 0)  # fixed, so that equal seeds give equal bytes
GROUND = 14 / 15  # edge of a lesion's ground, in widths of the picture
NAMELESS_CAMERA = "MSK4"
# numpy pads seeds with zeros: without these, lesion 3 and its photograph 0 would share their numbers.
OF_LESION, OF_PHOTOGRAPH = 1, 2


def draw_archive(
    path_to_images, path_to_ground_truth, path_to_metadata, *, images: int, seed: int, width_px: int = 120
) -> None:
    """Draw an archive of skin lesions and write its three files.

    Equal arguments give equal bytes. Lesions recur in several photographs, some without a lesion
    id, and one picture stands under two ids: everything that an audit of leakage has to find.

    Args:
        path_to_images: zip of JPEGs, members `ISIC_2019_Training_Input/{image}.jpg`, quality 85.
        path_to_ground_truth: csv, `image` and one column of 0.0 or 1.0 for each class and for UNK.
        path_to_metadata: csv, `image,age_approx,anatom_site_general,lesion_id,sex`, with blanks.
        images: number of photographs.
        seed: not negative.
        width_px: of each photograph; its height is 3/4 of that, rounded down.

    Raises:
        InputError: where `images` is out of range.
    """
    roster = draw_roster(images, np.random.default_rng(seed))
    jpegs = draw_pictures(roster, seed, width_px)
    write_zip(path_to_images, [(f"{FOLDER}/{photo.image}.jpg", jpegs[photo.picture]) for photo in roster])
    write_text(path_to_ground_truth, _ground_truth(roster))
    write_text(path_to_metadata, metadata_of(roster))


def draw_pictures(roster, seed: int, width_px: int) -> dict[tuple[int, int], bytes]:
    """The JPEG bytes of each picture that the roster's photographs show."""
    jpegs = {}
    for lesion, photos in _by_lesion(roster).items():
        jpegs.update(_photographed(lesion, photos, seed, width_px))
    return jpegs


def write_zip(path, members: list[tuple[str, bytes]]) -> None:
    """Write a zip of these names and bytes, in this order; the same bytes each time."""
    with whole(path) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, WRITTEN), content)


def _by_lesion(roster):
    """The photographs that show each lesion."""
    lesions = {}
    for photo in roster:
        lesions.setdefault(photo.picture[0], []).append(photo)
    return lesions


def _photographed(lesion, photos, seed, width_px):
    """Each picture of one lesion and its JPEG bytes; each has its own seed, so that no order matters."""
    generator = np.random.default_rng([seed, OF_LESION, lesion])
    camera = CAMERAS[photos[0].origin or NAMELESS_CAMERA]
    visit = draw_visit(camera, generator)
    drawn = draw_lesion(draw_look(photos[0].label, generator), round(GROUND * width_px), generator)
    for picture in {photo.picture for photo in photos}:
        moment = np.random.default_rng([seed, OF_PHOTOGRAPH, *picture])
        yield picture, _jpeg(photograph(drawn, visit, camera, width_px, moment))


def _jpeg(picture):
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def _ground_truth(roster):
    one_hot = (
        [photo.image, *(float(photo.label == label) for label in (*LABELS, "UNK"))] for photo in roster
    )
    return _table(["image", *LABELS, "UNK"], one_hot)


def metadata_of(roster) -> str:
    """ISIC 2019's metadata of the photographs, as csv."""
    rows = ((photo.image, photo.age, photo.site, photo.lesion_id, photo.sex) for photo in roster)
    return _table(["image", "age_approx", "anatom_site_general", "lesion_id", "sex"], rows)


def _table(header, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
