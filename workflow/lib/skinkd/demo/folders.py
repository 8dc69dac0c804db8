"""Writes a synthetic archive as folders by class: nine classes, a folder for training and one for testing."""

import numpy as np

from skinkd.atomic import write_text
from skinkd.demo.archive import draw_pictures, metadata_of, write_zip
from skinkd.demo.roster import NINE_FOLDERS, draw_roster
from skinkd.readers.class_folders import FOLDERS

TOP = "Skin cancer ISIC The International Skin Imaging Collaboration"
# The real set tests on 5 % and files every SK and 77 of 130 AK twice; here enough is left to learn from.
TEST_SHARE = 0.2
FILED_TWICE = {"SK": ("MEL", 0.3), "AK": ("NV", 0.3)}
FOLDER_OF = {label: folder for folder, label in FOLDERS.items()}
# Apart from the numbers that draw the roster.
OF_FILING = 3


def draw_folders(path_to_images, path_to_metadata, *, images: int, seed: int, width_px: int = 120) -> None:
    """Draw pictures of nine classes, filed in folders as in the Kaggle set that DSC was trained on.

    Equal arguments give equal bytes. Beside the traps of `draw_archive`, the faults of the real set are
    here: lesions on both sides of its division, and pictures filed a second time under another class.

    Args:
        path_to_images: zip of JPEGs, members `{TOP}/Train/nevus/{image}.jpg`.
        path_to_metadata: csv as `draw_archive` writes it, of the image ids without class.
        images: number of photographs; those that are filed twice count once.
        seed: not negative.
        width_px: of each photograph; its height is 3/4 of that, rounded down.

    Raises:
        InputError: where `images` is out of range.
    """
    roster = draw_roster(images, np.random.default_rng(seed), NINE_FOLDERS)
    jpegs = draw_pictures(roster, seed, width_px)
    filed = _filed(roster, np.random.default_rng([seed, OF_FILING]))
    write_zip(path_to_images, [(member, jpegs[photo.picture]) for member, photo in sorted(filed.items())])
    write_text(path_to_metadata, metadata_of(roster))


def _filed(roster, generator):
    """The photograph of each member of the zip."""
    filed = {}
    for label in FOLDER_OF:
        photos = [photo for photo in roster if photo.label == label]
        order = generator.permutation(len(photos)).tolist()
        for position, index in enumerate(order):
            part = "Test" if position < TEST_SHARE * len(photos) else "Train"
            filed[_member(part, label, photos[index])] = photos[index]
        other, share = FILED_TWICE.get(label, (label, 0))
        for index in generator.permutation(len(photos))[: round(share * len(photos))].tolist():
            part = "Test" if generator.random() < TEST_SHARE else "Train"
            filed[_member(part, other, photos[index])] = photos[index]
    return filed


def _member(part, label, photo):
    return f"{TOP}/{part}/{FOLDER_OF[label]}/{photo.image}.jpg"
