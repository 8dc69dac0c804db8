"""Who is in the synthetic archive: lesions, their photographs, ids and patients."""

from collections import Counter
from dataclasses import dataclass, replace
from statistics import mode

import numpy as np

from skinkd.errors import InputError


@dataclass(frozen=True)
class Census:
    """How many images of each class a real archive has, and the fewest that its imitation needs."""

    counts: dict[str, int]
    fewest_images: int

    @property
    def largest(self) -> str:
        """The class of most images."""
        return max(self.counts, key=self.counts.get)


LABELS = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC")
ISIC_2019 = Census(
    dict(zip(LABELS, (4522, 12875, 3323, 867, 2624, 239, 253, 628), strict=True)), fewest_images=60
)
# The Kaggle set "Skin cancer ISIC The International Skin Imaging Collaboration", both its folders.
NINE_LABELS = ("AK", "BCC", "DF", "MEL", "NV", "PBK", "SCC", "SK", "VASC")
NINE_FOLDERS = Census(
    dict(zip(NINE_LABELS, (130, 392, 111, 454, 373, 478, 197, 80, 142), strict=True)), fewest_images=120
)
FLOOR = 0.03  # the smallest share of a class; ISIC 2019's own smallest is 0.009
FEWEST_OF_A_CLASS = 4
MOST_IMAGES = 15_000

SHARING = 0.6  # of the images show a lesion that another image shows
GROUP_SIZES, GROUP_ODDS = (2, 3, 4, 5), (0.6, 0.25, 0.1, 0.05)
# Shares of the class, 8 % of all images of ISIC 2019.
WITHOUT_LESION_ID = {"MEL": 0.1, "NV": 0.1, "BKL": 0.1, "PBK": 0.1, "SK": 0.1}
BLANKS = {"age": 0.02, "site": 0.1, "sex": 0.02}  # shares of the images, ISIC 2019's rounded

# Odds of HAM, BCN and MSK4 among a class's lesions, ISIC 2019's rounded.
ORIGINS = ("HAM", "BCN", "MSK4")
ORIGIN_ODDS = {
    "MEL": (0.27, 0.65, 0.08), "NV": (0.57, 0.34, 0.09), "BCC": (0.15, 0.85, 0), "AK": (0.15, 0.85, 0),
    "BKL": (0.42, 0.46, 0.12), "DF": (0.48, 0.52, 0), "VASC": (0.56, 0.44, 0), "SCC": (0.31, 0.69, 0),
    "PBK": (0.85, 0.15, 0), "SK": (0.30, 0.46, 0.24),
}  # fmt: skip
NUMBERS = {"": (0, 12_652), "MSK4": (12_653, 16_068), "HAM": (24_306, 34_320), "BCN": (53_454, 73_254)}
DOWNSAMPLED = {"": 0.6, "MSK4": 1.0, "HAM": 0.0, "BCN": 0.0}

MEAN_AGE = dict(zip(LABELS, (61, 45, 66, 67, 64, 52, 53, 71), strict=True)) | {"PBK": 63, "SK": 66}
SITES = {
    "anterior torso": 0.31, "lower extremity": 0.22, "head/neck": 0.20, "upper extremity": 0.13,
    "posterior torso": 0.12, "palms/soles": 0.02,
}  # fmt: skip


@dataclass(frozen=True)
class Photo:
    """One row of the archive.

    Args:
        image: ISIC id, the file's name without its ending.
        label: a class of the census.
        lesion_id: `HAM_0001234`, or "" where the archive names none.
        origin: HAM, BCN or MSK4, or "" where the archive names none.
        age, site, sex: the patient; "" where not recorded.
        picture: lesion and photograph of it that are shown. Two rows with one picture have equal bytes.
    """

    image: str
    label: str
    lesion_id: str
    origin: str
    age: str
    site: str
    sex: str
    picture: tuple[int, int]


def draw_roster(images: int, generator, census: Census = ISIC_2019) -> list[Photo]:
    """The rows of an archive of `images` photographs, by ISIC id.

    Args:
        generator: decides everything but the number of images of each class.
        census: the archive that is imitated.

    Raises:
        InputError: where `images` is too few for every class, or more than the ids hold.
    """
    fewest = census.fewest_images
    if not fewest <= images <= MOST_IMAGES:
        raise InputError(
            "archive",
            f"the synthetic archive is to have {images} images",
            f"below {fewest} a class has too few to split, above {MOST_IMAGES} the ids run out",
            f"set a number of images from {fewest} to {MOST_IMAGES}",
        )
    lesions = [
        (label, origin, size)
        for label, count in count_by_class(images, census).items()
        for origin, size in _lesions_of(label, count, generator)
    ]
    photos = [
        photo for number, lesion in enumerate(lesions) for photo in _photos_of(number, *lesion, generator)
    ]
    return sorted(
        _with_blanks(_with_a_twin(_numbered(photos, generator), census.largest), generator),
        key=lambda row: row.image,
    )


def count_by_class(images: int, census: Census = ISIC_2019) -> dict[str, int]:
    """The imbalance of the census for `images` photographs, each class at least `FLOOR` of them."""
    floor = max(FEWEST_OF_A_CLASS, int(np.ceil(FLOOR * images)))
    total = sum(census.counts.values())
    counts = {label: max(floor, images * count // total) for label, count in census.counts.items()}
    # What the floors added and rounding left out comes from the largest class.
    counts[census.largest] += images - sum(counts.values())
    return counts


def _lesions_of(label, count, generator):
    """Origin and number of photographs of each lesion of a class; `count` photographs in all."""
    anonymous = round(WITHOUT_LESION_ID.get(label, 0) * count)
    sizes = []
    while sum(sizes) < round(SHARING * count) - 1:
        sizes.append(int(generator.choice(GROUP_SIZES, p=GROUP_ODDS)))
    while sum(sizes) > count - anonymous:
        sizes.pop()
    sizes += [1] * (count - anonymous - sum(sizes))
    named = [(str(generator.choice(ORIGINS, p=ORIGIN_ODDS[label])), size) for size in sizes]
    return named + [("", 1)] * anonymous


def _photos_of(number, label, origin, size, generator):
    """The photographs of one lesion, of one patient."""
    age = int(np.clip(5 * round(generator.normal(MEAN_AGE[label], 15) / 5), 0, 85))
    site = str(generator.choice(list(SITES), p=list(SITES.values())))
    sex = str(generator.choice(["male", "female"], p=[0.53, 0.47]))
    lesion_id = f"{origin}_{number:07}" if origin else ""
    return [Photo("", label, lesion_id, origin, str(age), site, sex, (number, view)) for view in range(size)]


def _numbered(photos, generator):
    """Photographs with ISIC ids, at random within the numbers of their origin."""
    free = {}
    for origin, (first, last) in NUMBERS.items():
        needed = sum(photo.origin == origin for photo in photos)
        free[origin] = (first + generator.choice(last - first + 1, needed, replace=False)).tolist()
    named = []
    for photo in photos:
        ending = "_downsampled" if generator.random() < DOWNSAMPLED[photo.origin] else ""
        named.append(replace(photo, image=f"ISIC_{free[photo.origin].pop():07}{ending}"))
    return named


def _with_a_twin(photos, label):
    """Two ids of one class and origin that show one picture, as the real archives have them."""
    shown = Counter(photo.lesion_id for photo in photos)
    alone = [
        photo for photo in photos if photo.label == label and shown[photo.lesion_id] == 1 and photo.origin
    ]
    usual = mode(photo.origin for photo in alone)
    first, second = [photo for photo in alone if photo.origin == usual][:2]
    return [replace(photo, picture=first.picture) if photo is second else photo for photo in photos]


def _with_blanks(photos, generator):
    """A few photographs, at least one, without age, without site and without sex."""
    for column, share in BLANKS.items():
        blank = generator.choice(len(photos), max(1, round(share * len(photos))), replace=False)
        for row in blank.tolist():
            photos[row] = replace(photos[row], **{column: ""})
    return photos
