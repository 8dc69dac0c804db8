"""The synthetic archive has ISIC 2019's form, its traps, and comes from its seed alone."""

import io
import zipfile
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skinkd.atomic import digest_of
from skinkd.demo.archive import draw_archive
from skinkd.demo.folders import FILED_TWICE, TOP, draw_folders
from skinkd.demo.lesions import draw_lesion
from skinkd.demo.looks import KINDS, draw_look
from skinkd.demo.roster import ISIC_2019, LABELS, MOST_IMAGES, NINE_FOLDERS, count_by_class, draw_roster
from skinkd.errors import InputError
from skinkd.readers.class_folders import FOLDERS

IMAGES, WIDTH_PX = 300, 80
CSVS = ("ground_truth.csv", "metadata.csv")
CENSUSES = pytest.mark.parametrize("census", [ISIC_2019, NINE_FOLDERS], ids=["eight", "nine"])


def drawn(folder, **changes):
    """The three files' paths, drawn into `folder`."""
    paths = [folder / name for name in ("images.zip", *CSVS)]
    draw_archive(*paths, **{"images": IMAGES, "seed": 5, "width_px": WIDTH_PX} | changes)
    return paths


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return drawn(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def ground_truth(paths):
    return pd.read_csv(paths[1])


@pytest.fixture(scope="module")
def metadata(paths, ground_truth):
    """The metadata with each image's label and origin; blanks are empty."""
    table = pd.read_csv(paths[2], dtype=str, keep_default_na=False)
    label = ground_truth.set_index("image")[list(LABELS)].idxmax(axis=1)
    return table.assign(label=label.loc[table.image].to_numpy(), origin=table.lesion_id.str.split("_").str[0])


@pytest.fixture(scope="module")
def jpegs(paths):
    with zipfile.ZipFile(paths[0]) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_equal_seeds_give_equal_bytes_and_others_do_not(tmp_path):
    first, again, other = (
        [digest_of(path) for path in drawn(tmp_path / name, images=60, seed=seed)]
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    )
    assert first == again
    assert not set(first) & set(other)


def test_tables_have_the_official_columns_and_rows(paths, ground_truth):
    header, row = paths[1].read_text().splitlines()[:2]
    assert header == "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK"
    assert sorted(row.split(",")[1:]) == ["0.0"] * 8 + ["1.0"]
    assert (ground_truth.drop(columns="image").sum(axis=1) == 1).all()
    assert (ground_truth.UNK == 0).all()
    assert paths[2].read_text().splitlines()[0] == "image,age_approx,anatom_site_general,lesion_id,sex"


def test_both_tables_name_each_image_once_in_one_order(ground_truth, metadata):
    assert ground_truth.image.tolist() == metadata.image.tolist() == sorted(set(ground_truth.image))
    assert ground_truth.image.str.fullmatch(r"ISIC_\d{7}(_downsampled)?").all()
    assert ground_truth.image.str.endswith("_downsampled").any()


def test_every_row_has_its_picture_that_decodes_at_its_size(jpegs, ground_truth):
    assert list(jpegs) == [f"ISIC_2019_Training_Input/{image}.jpg" for image in ground_truth.image]
    for jpeg in jpegs.values():
        with Image.open(io.BytesIO(jpeg)) as picture:
            picture.load()
            assert (picture.format, picture.mode, picture.size) == (
                "JPEG",
                "RGB",
                (WIDTH_PX, WIDTH_PX * 3 // 4),
            )


def test_blanks_are_where_the_real_archive_has_them(metadata):
    assert (metadata[["age_approx", "anatom_site_general", "sex", "lesion_id"]] == "").any().all()
    nameless = metadata[metadata.lesion_id == ""]
    assert set(nameless.label) <= {"NV", "MEL", "BKL"}
    assert 0.05 < len(nameless) / len(metadata) < 0.11


def test_a_lesion_has_one_label_and_one_origin(metadata):
    lesions = metadata[metadata.lesion_id != ""].groupby("lesion_id")
    assert (lesions.label.nunique() == 1).all()
    assert lesions.size().between(1, 5).all()


def test_more_than_half_of_the_images_share_a_lesion(metadata):
    shown = metadata.lesion_id.map(metadata.lesion_id.value_counts())
    assert 0.52 < ((shown > 1) & (metadata.lesion_id != "")).mean() < 0.66


def test_origins_are_confounded_with_labels(metadata):
    assert set(metadata.origin) == {"HAM", "BCN", "MSK4", ""}
    elsewhere = metadata[metadata.label.isin(["AK", "BCC", "DF", "VASC", "SCC"])]
    assert set(elsewhere.origin) <= {"HAM", "BCN"}


def test_only_one_origin_has_dark_corners(jpegs, metadata):
    def share_with_dark_corners(origin):
        names = metadata.image[metadata.origin == origin]
        pictures = [Image.open(io.BytesIO(jpegs[f"ISIC_2019_Training_Input/{name}.jpg"])) for name in names]
        return np.mean([np.asarray(picture)[0, [0, -1]].max() < 60 for picture in pictures])

    assert share_with_dark_corners("HAM") < 0.05
    assert share_with_dark_corners("BCN") > 0.5


def test_one_picture_stands_under_two_ids_of_one_label(jpegs, metadata):
    assert len(set(jpegs.values())) == len(jpegs) - 1
    digest = metadata.image.map(lambda image: jpegs[f"ISIC_2019_Training_Input/{image}.jpg"])
    pair = metadata[digest.duplicated(keep=False).to_numpy()]
    assert pair.label.nunique() == 1
    assert pair.lesion_id.nunique() == 2 and "" not in set(pair.lesion_id)


def test_photographs_of_a_lesion_are_more_alike_than_those_of_its_class(jpegs, metadata):
    """What makes a split by image leak; on mean colour alone, which no shift or rotation changes."""

    def colour(image):
        with Image.open(io.BytesIO(jpegs[f"ISIC_2019_Training_Input/{image}.jpg"])) as picture:
            # The middle: BCN's dark edge would say which camera it was, not which lesion.
            centre = np.asarray(picture)[WIDTH_PX // 4 : WIDTH_PX // 2, WIDTH_PX // 3 : -WIDTH_PX // 3]
            return centre.reshape(-1, 3).mean(axis=0)

    nevi = metadata[(metadata.label == "NV") & (metadata.lesion_id != "")]
    colours = np.stack(nevi.image.map(colour))
    apart = np.linalg.norm(colours[:, None] - colours[None], axis=2)
    same = nevi.lesion_id.to_numpy()[:, None] == nevi.lesion_id.to_numpy()[None]
    pairs = np.triu(np.ones_like(same), 1).astype(bool)
    assert np.median(apart[same & pairs]) < 0.75 * np.median(apart[~same & pairs])


@CENSUSES
@pytest.mark.parametrize("images", [120, 121, 500, 2000, 15_000])
def test_class_counts_add_up_and_none_is_rare(images, census):
    counts = count_by_class(images, census)
    assert sum(counts.values()) == images
    assert min(counts.values()) >= 0.03 * images
    assert max(counts, key=counts.get) == max(census.counts, key=census.counts.get)


@CENSUSES
@pytest.mark.parametrize("seed", range(20))
def test_the_smallest_archive_has_every_class_and_the_twins(seed, census):
    fewest = census.fewest_images
    roster = draw_roster(fewest, np.random.default_rng(seed), census)
    assert {photo.label for photo in roster} == set(census.counts)
    assert len({photo.image for photo in roster}) == fewest
    assert len({photo.picture for photo in roster}) == fewest - 1


@CENSUSES
def test_the_largest_archive_has_ids_enough(census):
    roster = draw_roster(MOST_IMAGES, np.random.default_rng(0), census)
    assert len({photo.image for photo in roster}) == MOST_IMAGES


@pytest.mark.parametrize("images", [0, ISIC_2019.fewest_images - 1, MOST_IMAGES + 1])
def test_a_count_out_of_range_says_so(tmp_path, images):
    with pytest.raises(InputError, match=f"ERROR archive: .*{images} images"):
        drawn(tmp_path, images=images)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("label", KINDS)
def test_a_lesion_ends_before_its_ground_does_and_is_not_empty(label):
    generator = np.random.default_rng(3)
    for _ in range(5):
        alpha = np.asarray(draw_lesion(draw_look(label, generator), 70, generator))[..., 3]
        assert alpha.max() > 80
        corners = alpha[[0, 0, -1, -1], [0, -1, 0, -1]]
        assert corners.max() == 0


# Folders of nine classes


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Members of the zip and their bytes, and the metadata."""
    folder = tmp_path_factory.mktemp("folders")
    draw_folders(folder / "images.zip", folder / "metadata.csv", images=IMAGES, seed=5, width_px=WIDTH_PX)
    with zipfile.ZipFile(folder / "images.zip") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return members, pd.read_csv(folder / "metadata.csv", dtype=str, keep_default_na=False)


def test_every_photograph_is_filed_and_some_twice(folders):
    members, metadata = folders
    tops, parts, classes, files = zip(*(name.split("/") for name in members), strict=True)
    assert set(tops) == {TOP}
    assert set(parts) == {"Train", "Test"}
    assert set(classes) == set(FOLDERS)
    assert {file.removesuffix(".jpg") for file in files} == set(metadata.image)
    counts = count_by_class(IMAGES, NINE_FOLDERS)
    twice = {label: round(share * counts[label]) for label, (_, share) in FILED_TWICE.items()}
    assert len(members) == IMAGES + sum(twice.values())
    filed = Counter(FOLDERS[folder] for folder in classes)
    assert filed["MEL"] == counts["MEL"] + twice["SK"] > counts["MEL"]
    assert filed["NV"] == counts["NV"] + twice["AK"] > counts["NV"]
    assert filed["SK"] == counts["SK"]


def test_both_copies_of_a_picture_are_the_same_bytes_under_two_classes(folders):
    members, _ = folders
    places = {}
    for name in members:
        places.setdefault(name.rpartition("/")[2], []).append(name)
    pairs = [names for names in places.values() if len(names) > 1]
    assert pairs
    for one, other in pairs:
        assert members[one] == members[other]
        assert one.split("/")[2] != other.split("/")[2]


def test_lesions_are_on_both_sides_of_the_folders_division(folders):
    members, metadata = folders
    lesion = dict(zip(metadata.image, metadata.lesion_id, strict=True))
    sides = {"Train": set(), "Test": set()}
    for name in members:
        _, part, _, file = name.split("/")
        sides[part].add(lesion[file.removesuffix(".jpg")])
    assert (sides["Train"] & sides["Test"]) - {""}


def test_equal_seeds_give_equal_folders(tmp_path):
    digests = []
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        paths = tmp_path / f"{name}.zip", tmp_path / f"{name}.csv"
        draw_folders(*paths, images=120, seed=seed, width_px=40)
        digests.append([digest_of(path) for path in paths])
    assert digests[0] == digests[1]
    assert not set(digests[0]) & set(digests[2])
