"""Splits are the papers' own, or keep every lesion on one side, and say which images leak."""

import hashlib
import json
import random
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold
from split import split_images

from skinkd.atomic import digest_of
from skinkd.errors import InputError
from skinkd.groups import groups_of, take_groups
from skinkd.intact import sealed
from skinkd.isic import CLASSES, read_archive_tables
from skinkd.signatures import keywords_of, names_in, problems_of
from skinkd.splits import PARTS, load_split, summary_of
from skinkd.splits.dsc_image import COUNTS
from skinkd.splits.dsc_nine_image import CLASSES as NINE

TABLES = Path(__file__).parents[2] / "shared" / "isic-tables"
SSD_KD_TEST_SHA256 = "f671a72f80e7d2ed60b7c2dda5b8b03f88d0045fe3569c807316b09d7815543d"
# Also the package's: split-folders 0.6.1 made the same three folders of files with these names.
DAVIDI_PARK_TEST_SHA256 = "ed9630febfa1b935a527ff02e485f73422b8f8466d25d99b7a269540130dcfdd"
SMALL_DSNET = {"train_benign": 40, "train_malignant": 39, "test_benign": 20, "test_malignant": 20}
SMALL_DSC = {"share": 0.06, "test_share": 0.2, "validation_share": 0.2}
SMALL = {"dsnet": SMALL_DSNET, "dsc": SMALL_DSC}
BY_LESION = [name for name in names_in("splits") if name.endswith("_lesion")]


def small_of(name):
    """Keywords with which a split fits a small archive."""
    return SMALL.get(name.removesuffix("_image").removesuffix("_lesion"), {})


def table_of(generator, n_lesions=160, most_images=5, share_blank=0.2, n_twins=6, classes=CLASSES):
    """Lesions with up to `most_images` images each, some without lesion id, some images byte-identical."""
    labels = np.resize(classes, n_lesions)
    sizes = generator.integers(1, most_images + 1, n_lesions)
    lesion = np.repeat([f"HAM_{i:05d}" for i in range(n_lesions)], sizes).astype(object)
    table = pd.DataFrame({"lesion": lesion, "label": np.repeat(labels, sizes)})
    table = table.sample(frac=1, random_state=int(generator.integers(2**32))).reset_index(drop=True)
    blank = generator.random(len(table)) < share_blank
    sha256 = np.array([f"{i:064x}" for i in range(len(table))], dtype=object)
    twins = generator.choice(len(table), (n_twins, 2), replace=False)
    sha256[twins[:, 1]] = sha256[twins[:, 0]]
    # As folders would divide them: the first image of each five of a class is tested on.
    tested = table.groupby("label").cumcount() % 5 == 0
    return table.assign(
        image=[f"ISIC_{i:07d}" for i in generator.permutation(len(table))],
        lesion=table["lesion"].where(~blank, ""),
        sha256=sha256,
        official_part=np.where(tested, "test", "train"),
    )


def table_for(name, generator, **options):
    """A small archive with the classes that a split is made for."""
    return table_of(generator, classes=NINE if name.startswith("dsc_nine") else CLASSES, **options)


@pytest.fixture(scope="module")
def official():
    if not TABLES.is_dir():
        pytest.skip(f"the official tables are not in {TABLES}")
    tables = read_archive_tables(
        TABLES / "ISIC_2019_Training_GroundTruth.csv", TABLES / "ISIC_2019_Training_Metadata.csv"
    )
    assert tables.notices == ("2,084 of 25,331 images have no lesion id: each counts as a lesion of its own",)
    # The pictures are not there, so none can be found byte-identical.
    return tables.images.assign(sha256="")


@pytest.fixture(scope="module")
def small():
    return table_of(np.random.default_rng(0))


@pytest.fixture(params=names_in("splits"))
def name(request):
    return request.param


@pytest.fixture
def table(name):
    return table_for(name, np.random.default_rng(0))


def leakage_of(split, classes):
    return summary_of(split, paper="p", protocol="as_published", fold=1, classes=classes)["leakage"]


# The official tables


def test_official_tables(official):
    assert len(official) == 25_331
    assert official["label"].value_counts().to_dict() == {
        "NV": 12875, "MEL": 4522, "BCC": 3323, "BKL": 2624, "AK": 867, "SCC": 628, "VASC": 253, "DF": 239,
    }  # fmt: skip
    assert official["origin"].value_counts().to_dict() == {
        "BCN": 12413, "HAM": 10015, "unknown": 2084, "MSK": 819,
    }  # fmt: skip
    assert len(set(groups_of(official))) == 13_931


def test_ssd_kd_test_images_are_the_papers(official):
    split = load_split("ssd_kd_image").split(official, fold=2)
    assert split["part"].value_counts().to_dict() == {"train": 18_238, "validation": 4_560, "test": 2_533}
    test = split.loc[split["part"] == "test", "image"]
    assert hashlib.sha256("\n".join(test).encode()).hexdigest() == SSD_KD_TEST_SHA256


def test_ssd_kd_folds_follow_the_authors_code_step_by_step(official):
    """Their frames, re-indexed after the cut as by their detour through csv files, with folds from 1."""
    shuffled = official.sample(frac=1, random_state=2021).reset_index(drop=True)
    n_test = round(0.1 * len(shuffled))
    development = shuffled.loc[n_test:].reset_index(drop=True)
    development["folder"] = 0
    dealer = StratifiedKFold(n_splits=5, shuffle=True, random_state=2021)
    target = development["label"]
    for number, (_, chosen) in enumerate(dealer.split(np.zeros(len(target)), target)):
        development.loc[chosen, "folder"] = number + 1
    for fold in (1, 2, 5):
        split = load_split("ssd_kd_image").split(official, fold=fold)
        found = {
            part: set(split.loc[split["part"] == part, "image"]) for part in ("train", "validation", "test")
        }
        assert found["test"] == set(shuffled.loc[: n_test - 1, "image"])
        assert found["validation"] == set(development.loc[development["folder"] == fold, "image"])
        assert found["train"] == set(development.loc[development["folder"] != fold, "image"])


def test_two_thirds_of_ssd_kd_test_images_have_a_sibling_in_training(official):
    leakage = leakage_of(load_split("ssd_kd_image").split(official, fold=2), CLASSES)
    assert leakage["share"] == pytest.approx(0.63, abs=0.015)
    # Over random tests of this size: 88 % of AK and 47 % of NV.
    assert leakage["by_class"]["AK"]["share"] == pytest.approx(0.88, abs=0.05)
    assert leakage["by_class"]["NV"]["share"] == pytest.approx(0.47, abs=0.03)


def test_ssd_kd_by_lesion_keeps_the_proportions(official):
    split = load_split("ssd_kd_lesion").split(official, fold=2)
    shares = split["part"].value_counts(normalize=True)
    assert shares["test"] == pytest.approx(0.10, abs=0.002)
    assert shares["validation"] == pytest.approx(0.18, abs=0.002)
    assert leakage_of(split, CLASSES)["share"] == 0
    by_class = pd.crosstab(split["label"], split["part"], normalize="index")["test"]
    assert by_class.between(0.09, 0.11).all()


@pytest.mark.parametrize("name", ["dsnet_image", "dsnet_lesion"])
def test_dsnet_counts_are_the_papers(official, name):
    split = load_split(name).split(official, fold=1)
    counts = split.groupby(["part", "label"])["image"].count()
    assert counts["test", "benign"] == counts["test", "malignant"] == 1500
    assert counts["train", "benign"] + counts["validation", "benign"] == 3500
    assert counts["train", "malignant"] + counts["validation", "malignant"] == 3496
    assert (split["part"] == "validation").sum() == pytest.approx(1400, abs=1)
    leaks = leakage_of(split, ("benign", "malignant"))["share"]
    assert leaks == 0 if name == "dsnet_lesion" else leaks > 0.3


def test_davidi_and_park_counts_and_test_images_are_split_folders(official):
    split = load_split("davidi_park_image").split(official, fold=0)
    assert split["part"].value_counts().to_dict() == {"train": 17_728, "validation": 5_062, "test": 2_541}
    test = split[split["part"] == "test"]
    assert test["label"].value_counts().to_dict() == {
        "NV": 1288, "MEL": 453, "BCC": 333, "BKL": 264, "AK": 88, "SCC": 64, "VASC": 26, "DF": 25,
    }  # fmt: skip
    assert hashlib.sha256("\n".join(test["image"]).encode()).hexdigest() == DAVIDI_PARK_TEST_SHA256


def test_davidi_and_park_split_follows_the_package_step_by_step(official):
    """Paths sorted, the module's own generator seeded for each class, two cuts, the rest to test."""
    split = load_split("davidi_park_image").split(official, fold=0)
    for label, images in official.groupby("label")["image"]:
        files = [PurePosixPath(label, f"{image}.jpg") for image in images]
        random.seed(1337)
        files.sort()
        random.shuffle(files)
        cut = int(0.7 * len(files))
        last_cut = cut + int(0.2 * len(files))
        by_part = {"train": files[:cut], "validation": files[cut:last_cut], "test": files[last_cut:]}
        for part, chosen in by_part.items():
            of_class = split[(split["part"] == part) & (split["label"] == label)]
            assert set(of_class["image"]) == {file.stem for file in chosen}


def test_davidi_and_park_by_lesion_has_the_same_counts_and_no_leak(official):
    by_image, by_lesion = (
        load_split(name).split(official, fold=0) for name in ("davidi_park_image", "davidi_park_lesion")
    )
    counts = [split.groupby(["part", "label"])["image"].count() for split in (by_image, by_lesion)]
    pd.testing.assert_series_equal(*counts)
    assert leakage_of(by_image, CLASSES)["share"] == pytest.approx(0.63, abs=0.015)
    assert leakage_of(by_lesion, CLASSES)["share"] == 0


@pytest.mark.parametrize("name", ["dsc_image", "dsc_lesion"])
def test_dsc_draws_the_papers_counts(official, name):
    split = load_split(name).split(official, fold=0)
    assert split["label"].value_counts().to_dict() == {"benign": 1184, "malignant": 1173}
    assert sum(COUNTS.values()) == len(split) == 2357
    diagnoses = official["label"].to_numpy()[split["row"]]
    assert pd.Series(diagnoses).value_counts().to_dict() == COUNTS
    # The folder Test holds 118.
    assert (split["part"] == "test").sum() == pytest.approx(118, abs=2)
    leaks = leakage_of(split, ("benign", "malignant"))["share"]
    assert leaks == 0 if name == "dsc_lesion" else leaks > 0.2


@pytest.mark.parametrize("name", ["dsc_image", "dsc_lesion"])
def test_dsc_is_drawn_from_enough_of_each_diagnosis(official, name):
    few = official[official["label"] != "SCC"].reset_index(drop=True)
    assert "the archive has 0 SCC images, 197 wanted" in refusal(load_split(name).split, few, fold=0)
    split = load_split(name).split(few, fold=0, allow_fewer=True)
    drawn = few["label"].to_numpy()[split["row"]]
    assert pd.Series(drawn).value_counts().to_dict() == {d: n for d, n in COUNTS.items() if d != "SCC"}


def test_dsnet_is_too_large_for_ham10000(official):
    ham = official[official["origin"] == "HAM"].reset_index(drop=True)
    with pytest.raises(InputError) as error:
        load_split("dsnet_image").split(ham, fold=1)
    wanted = "3,496 to train and 1,500 to test wanted"
    assert f"the archive has 1,954 malignant images, {wanted}" in str(error.value)


# What every split must do


def test_a_split_describes_its_images(name, table):
    split = load_split(name).split(table, fold=1, **small_of(name))
    assert list(split.columns) == ["image", "row", "group", "lesion", "label", "part"]
    assert split["row"].is_monotonic_increasing
    assert split["row"].is_unique
    source = table.iloc[split["row"]].reset_index(drop=True)
    pd.testing.assert_series_equal(split["image"], source["image"])
    assert set(split["label"]) == set(load_split(name).classes)


def test_a_lesion_is_another_name_for_a_group(name, table):
    """So that an interval draws together what the split keeps together."""
    split = load_split(name).split(table, fold=1, **small_of(name))
    assert split.groupby("group")["lesion"].nunique().max() == 1
    assert split.groupby("lesion")["group"].nunique().max() == 1
    known = table[table["lesion"] != ""].assign(group=groups_of(table)[table["lesion"] != ""])
    named = split["lesion"].isin(known["lesion"])
    assert split.loc[named, "lesion"].tolist() == [
        known.loc[known["group"] == group, "lesion"].min() for group in split.loc[named, "group"]
    ]
    assert split.loc[~named, "lesion"].tolist() == split.loc[~named, "group"].tolist()
    assert not split.loc[~named, "group"].isin(known["group"]).any()


@pytest.mark.parametrize("name", ["dsnet_image", "dsnet_lesion", "dsc_image", "dsc_lesion"])
@pytest.mark.parametrize("classes", [CLASSES, NINE], ids=["eight", "nine"])
def test_malignant_and_benign_are_told_by_the_diagnosis(name, classes):
    table = table_of(np.random.default_rng(0), n_lesions=200, classes=classes)
    split = load_split(name).split(table, fold=1, **small_of(name))
    told = set(zip(table["label"].to_numpy()[split["row"]], split["label"], strict=True))
    malignant = ("MEL", "BCC", "AK", "SCC")
    assert told == {(label, "malignant" if label in malignant else "benign") for label in classes}


def test_another_fold_validates_other_images_and_tests_the_same(name, table):
    splits = [load_split(name).split(table, fold=fold, **small_of(name)) for fold in (1, 2, 3)]
    images = {
        part: [frozenset(split.loc[split["part"] == part, "image"]) for split in splits] for part in PARTS
    }
    assert len(set(images["test"])) == 1
    assert len(set(images["validation"])) == len(set(images["train"])) == 3


@pytest.mark.parametrize("name", ["ssd_kd_image", "ssd_kd_lesion"])
def test_folds_share_the_test_images_and_validate_each_other_image_once(name, small):
    splits = [load_split(name).split(small, fold=fold) for fold in range(1, 6)]
    parts = pd.concat([split.set_index("image")["part"] for split in splits], axis=1)
    is_test = parts.eq("test")
    assert (is_test.all(axis=1) == is_test.any(axis=1)).all()
    assert (parts[~is_test.any(axis=1)].eq("validation").sum(axis=1) == 1).all()


@pytest.mark.parametrize("n_left_out", range(5))
def test_ssd_kd_rounds_the_number_of_test_images(small, n_left_out):
    table = small.iloc[n_left_out:]
    split = load_split("ssd_kd_image").split(table, fold=1, test_share=0.3)
    assert abs((split["part"] == "test").sum() - 0.3 * len(table)) <= 0.5


@pytest.mark.parametrize("name", names_in("splits"))
@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    share_blank=st.floats(0, 0.5),
    n_twins=st.integers(0, 20),
    fold=st.integers(1, 5),
)
def test_parts_are_disjoint_complete_and_repeatable(name, seed, share_blank, n_twins, fold):
    # Of fewer lesions, an unstratified tenth has now and then no image of some class.
    options = {"n_lesions": 320, "share_blank": share_blank, "n_twins": n_twins}
    table = table_for(name, np.random.default_rng(seed), **options)
    split, again = (load_split(name).split(table, fold=fold, **small_of(name)) for _ in range(2))
    pd.testing.assert_frame_equal(split, again)
    assert split["image"].is_unique
    found = set(zip(split["part"], split["label"], strict=True))
    assert found == {(part, label) for part in PARTS for label in load_split(name).classes}
    if name in BY_LESION:
        source = table.iloc[split["row"]].reset_index(drop=True).assign(part=split["part"])
        for key in ("lesion", "sha256"):
            assert (source[source[key] != ""].groupby(key)["part"].nunique() == 1).all()
        assert (split.groupby("group")["part"].nunique() == 1).all()


def test_every_split_by_image_has_a_twin_by_lesion_with_its_parameters():
    images = [name for name in names_in("splits") if name not in BY_LESION]
    assert [name.replace("_image", "_lesion") for name in images] == BY_LESION
    for image, lesion in zip(images, BY_LESION, strict=True):
        assert keywords_of("splits", image) == keywords_of("splits", lesion)
        assert load_split(image).classes == load_split(lesion).classes


@pytest.mark.parametrize("name", ["davidi_park", "dsc", "dsc_nine", "dsnet"])
def test_twins_have_nearly_the_same_counts(name):
    table = table_for(name, np.random.default_rng(1))
    by_image, by_lesion = (
        load_split(f"{name}{suffix}").split(table, fold=1, **small_of(name))
        for suffix in ("_image", "_lesion")
    )
    one, other = (
        pd.crosstab(
            split["part"], table["label"].to_numpy()[split["row"]] if name == "dsc" else split["label"]
        )
        for split in (by_image, by_lesion)
    )
    # DSNet's own validation images are not stratified.
    parts = ["test"] if name == "dsnet" else list(PARTS)
    assert (one - other).loc[parts].abs().max(axis=None) <= 2


def test_nine_classes_are_divided_as_their_folders_are():
    table = table_of(np.random.default_rng(0), classes=NINE)
    split = load_split("dsc_nine_image").split(table, fold=1)
    pd.testing.assert_series_equal(
        split["part"].eq("test"), table["official_part"].eq("test"), check_names=False
    )
    validated = split[split["part"] == "validation"]["label"].value_counts()
    rest = split[split["part"] != "test"]["label"].value_counts()
    assert ((validated - 0.1 * rest).abs() <= 0.5).all()


@pytest.mark.parametrize("name", ["dsc_nine_image", "dsc_nine_lesion"])
@pytest.mark.parametrize(
    "spoil", [lambda t: t.drop(columns="official_part"), lambda t: t.assign(official_part="")]
)
def test_nine_classes_need_folders_train_and_test(name, spoil):
    table = spoil(table_of(np.random.default_rng(0), classes=NINE))
    assert "do not stand in folders named Train and Test" in refusal(load_split(name).split, table, fold=1)


@pytest.mark.parametrize("name", ["ssd_kd_image", "davidi_park_lesion", "dsc_nine_image"])
def test_an_archive_of_other_classes_is_refused(name):
    classes = CLASSES if name.startswith("dsc_nine") else NINE
    message = refusal(load_split(name).split, table_of(np.random.default_rng(0), classes=classes), fold=1)
    assert (
        f"the images have the classes {', '.join(sorted({*CLASSES, *NINE} - {*load_split(name).classes}))}"
        in message
    )


@pytest.mark.parametrize(
    ("train_share", "validation_share", "told"),
    [
        (0.0, 0.2, "train_share is 0.0"),
        (0.7, 1.0, "validation_share is 1.0"),
        (0.8, 0.2, "train_share 0.8 and validation_share 0.2 leave no test images"),
    ],
)
@pytest.mark.parametrize("name", ["davidi_park_image", "davidi_park_lesion"])
def test_cuts_that_leave_nothing_are_refused(small, name, train_share, validation_share, told):
    shares = {"train_share": train_share, "validation_share": validation_share}
    assert told in refusal(load_split(name).split, small, fold=0, **shares)


def test_a_config_may_set_what_a_split_takes(name):
    assert problems_of("splits", name, small_of(name), "papers.p.split", supplied=("fold",)) == []
    assert "validation_shares" in problems_of(
        "splits", name, {"validation_shares": 1}, "papers.p.split", supplied=("fold",)
    )[0]  # fmt: skip


# Groups


def test_groups_chain_through_lesions_and_bytes():
    table = pd.DataFrame(
        [("e", "L1", "x"), ("b", "L1", "y"), ("c", "", "y"), ("d", "", ""), ("a", "", ""), ("f", "L2", "x")],
        columns=["image", "lesion", "sha256"],
    )
    assert groups_of(table).tolist() == ["b", "b", "b", "d", "a", "b"]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_groups_do_not_depend_on_the_row_order(seed):
    generator = np.random.default_rng(seed)
    table = table_of(generator, n_lesions=40)
    order = generator.permutation(len(table))
    np.testing.assert_array_equal(groups_of(table)[order], groups_of(table.iloc[order]))


# Drawing whole groups


@settings(max_examples=50, deadline=None)
@given(
    sizes=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40),
    wanted=st.tuples(st.integers(0, 60), st.integers(0, 60)),
)
def test_no_group_left_over_would_still_fit(sizes, wanted):
    groups = pd.DataFrame(sizes, columns=["benign", "malignant"])
    taken = take_groups(groups, wanted)
    left = np.array(wanted) - groups.loc[taken].sum().to_numpy()
    assert (left >= 0).all()
    others = groups.drop(index=taken).to_numpy()
    assert not (others <= left).all(axis=1).any()


# What is refused


def refusal(call, *args, **options):
    with pytest.raises(InputError) as error:
        call(*args, **options)
    return str(error.value)


def test_an_unknown_split_is_named_with_its_neighbour():
    assert "unknown split 'ssd_kd_images'; did you mean 'ssd_kd_image'?" in refusal(
        load_split, "ssd_kd_images"
    )


@pytest.mark.parametrize(("fold", "folds"), [(0, 5), (6, 5), (1, 1)])
@pytest.mark.parametrize("name", ["ssd_kd_image", "ssd_kd_lesion"])
def test_folds_count_from_one(small, name, fold, folds):
    message = refusal(load_split(name).split, small, fold=fold, folds=folds)
    assert f"fold {fold} of {folds}. Folds count from 1 to {folds}" in message


def test_fewer_lesions_than_folds_are_refused(small):
    lesions = small.loc[small["label"] == "DF", "lesion"].unique()
    few = small[(small["label"] != "DF") | small["lesion"].isin([x for x in lesions if x][:3])]
    table = few.assign(sha256="").reset_index(drop=True)
    message = refusal(load_split("ssd_kd_lesion").split, table, fold=1)
    assert "class DF has 3 lesions. 10 folds need 10 of each class" in message


def test_a_class_absent_from_a_part_is_refused(small):
    message = refusal(load_split("ssd_kd_image").split, small, fold=1, test_share=0.01)
    assert "test has no " in message


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_that_leaves_nothing_is_refused(name, table, share):
    keys = [key for key in keywords_of("splits", name) if key in ("test_share", "validation_share")]
    assert keys
    for key in keys:
        message = refusal(load_split(name).split, table, fold=1, **small_of(name) | {key: share})
        assert f"{key} is {share}" in message


@pytest.mark.parametrize(("share", "found"), [(0.9, 0.5), (0.5, 0.5), (0.34, 1 / 3), (0.25, 0.25)])
def test_the_test_share_by_lesion_is_one_of_whole_folds(small, share, found):
    split = load_split("ssd_kd_lesion").split(small, fold=1, test_share=share)
    assert (split["part"] == "test").mean() == pytest.approx(found, abs=0.02)


# The script


def run_script(table, folder, *, split, protocol, **more):
    table.to_csv(folder / "images.csv", index=False)
    manifest = {"images_sha256": "of pictures", "table_sha256": digest_of(folder / "images.csv")}
    (folder / "manifest.json").write_text(json.dumps(sealed(manifest)))
    split_images(
        path_to_table=folder / "images.csv",
        path_to_manifest=folder / "manifest.json",
        split=split,
        parameters={},
        fold=2,
        paper="ssd_kd",
        protocol=protocol,
        path_to_split=folder / "fold2.csv",
        path_to_summary=folder / "fold2.json",
        **more,
    )
    split = pd.read_csv(folder / "fold2.csv", dtype=str, keep_default_na=False)
    return split, json.loads((folder / "fold2.json").read_text())


def test_the_summary_counts_what_the_split_holds(small, tmp_path):
    split, summary = run_script(small, tmp_path, split="ssd_kd_image", protocol="as_published")
    assert list(summary) == [
        *("paper", "protocol", "fold", "classes", "counts", "leakage", "rule"),
        *("split_sha256", "images_sha256", "table_sha256", "sha256"),
    ]
    assert summary["rule"] == {"name": "ssd_kd_image", "parameters": {}}
    assert summary["split_sha256"] == digest_of(tmp_path / "fold2.csv")
    assert (summary["images_sha256"], summary["table_sha256"]) == (
        "of pictures",
        digest_of(tmp_path / "images.csv"),
    )
    assert (summary["paper"], summary["protocol"], summary["fold"]) == ("ssd_kd", "as_published", 2)
    assert summary["classes"] == list(CLASSES)
    for part, by_class in summary["counts"].items():
        for label, counts in by_class.items():
            chosen = split[(split["part"] == part) & (split["label"] == label)]
            assert counts == {"images": len(chosen), "groups": len(set(chosen["group"]))}
    test, seen = split[split["part"] == "test"], set(split.loc[split["part"] != "test", "group"])
    n_sharing = sum(group in seen for group in test["group"])
    leakage = summary["leakage"]
    assert n_sharing > 0
    assert leakage["test_images"] == len(test)
    assert leakage["test_images_sharing_a_lesion"] == n_sharing
    assert leakage["share"] == n_sharing / len(test)
    assert sum(entry["sharing"] for entry in leakage["by_class"].values()) == n_sharing


def test_leak_free_takes_no_split_that_leaks(small, tmp_path):
    message = refusal(run_script, small, tmp_path, split="ssd_kd_image", protocol="leak_free")
    assert "protocol leak_free of ssd_kd: " in message
    assert "choose a split by lesion" in message
    assert not (tmp_path / "fold2.csv").exists()
    _, summary = run_script(small, tmp_path, split="ssd_kd_lesion", protocol="leak_free")
    assert summary["leakage"]["share"] == 0
