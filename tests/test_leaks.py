"""What joins test images to training images is counted from the split, and again from the predictions."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from audit import audit_paper
from hypothesis import given, settings
from hypothesis import strategies as st
from test_leak_injection import part, predicted
from test_splits import table_of

from skinkd.errors import InputError
from skinkd.leak_injection import inject_siblings
from skinkd.leaks import check_predictions, links_of, pictures_of
from skinkd.lookups import RELATIVES
from skinkd.picture_hashes import Looks, looks_of, near_pairs
from skinkd.predictions import read_predictions
from skinkd.splits import load_split

NEAR = {"most_bits": 8, "least_correlation": 0.985}


def pictures(n, size_px=48, seed=0):
    """Soft blobs, (n, S, S, 3) uint8."""
    colours = np.random.default_rng(seed).uniform(0, 255, (n, 5, 5, 3))
    grid = np.linspace(0, 4, size_px)
    left, share = np.minimum(grid.astype(int), 3), (grid % 1)[:, None, None]
    share[-1] = 1
    rows = colours[:, left] * (1 - share) + colours[:, left + 1] * share
    columns = rows[:, :, left] * (1 - share[:, 0]) + rows[:, :, left + 1] * share[:, 0]
    return columns.round().astype(np.uint8)


# Pictures that look alike


def slow_hash(picture):
    """The definition, point by point in fractions of a pixel's brightness."""
    grey = picture.astype(int) @ [299, 587, 114]
    side_px = len(picture)
    rows, columns = ([cell * side_px // n for cell in range(n)] + [side_px] for n in (8, 9))
    bits = 0
    for i in range(8):
        means = [grey[rows[i] : rows[i + 1], columns[j] : columns[j + 1]].mean() for j in range(9)]
        for left, right in pairwise(means):
            bits = 2 * bits + int(left < right)
    return bits


@pytest.mark.parametrize("size_px", [16, 32, 48, 53, 224])
def test_a_hash_says_where_a_picture_grows_lighter_to_the_right(size_px):
    array = pictures(70, size_px)
    looks = looks_of(array)
    assert [int(found) for found in looks.hashes[:20]] == [slow_hash(picture) for picture in array[:20]]
    assert looks.small.shape == (70, 16, 16, 3)
    line = np.linspace(0, 255, size_px).astype(np.uint8)
    ramp = np.broadcast_to(line[None, :, None], (size_px, size_px, 3))
    ends = looks_of(np.stack([ramp, ramp[:, ::-1], ramp.transpose(1, 0, 2)])).hashes
    assert [int(found) for found in ends] == [2**64 - 1, 0, 0]


def test_a_small_copy_is_the_rounded_mean_of_each_cell():
    array = pictures(3, 32)
    exact = array.reshape(3, 16, 2, 16, 2, 3).mean(axis=(2, 4))
    np.testing.assert_array_equal(looks_of(array).small, np.floor(exact + 0.5).astype(np.uint8))


def test_an_empty_array_has_no_looks():
    looks = looks_of(np.zeros((0, 32, 32, 3), dtype=np.uint8))
    assert near_pairs(looks, looks_of(pictures(3)), **NEAR).shape == (0, 3)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), n=st.integers(0, 40), m=st.integers(1, 40), most_bits=st.integers(0, 64)
)
def test_pairs_are_those_that_each_pair_by_itself_gives(seed, n, m, most_bits):
    generator = np.random.default_rng(seed)
    sides = []
    for size in (n, m):
        hashes = generator.integers(0, 2**64, 5, dtype=np.uint64)[generator.integers(0, 5, size)]
        hashes ^= np.uint64(1) << generator.integers(0, 64, size).astype(np.uint64)
        sides.append(Looks(hashes, generator.integers(0, 255, (size, 16, 16, 3), dtype=np.uint8)))
    found = near_pairs(*sides, most_bits=most_bits, least_correlation=-1.0)
    bits = [[(int(a) ^ int(b)).bit_count() for b in sides[1].hashes] for a in sides[0].hashes]
    wanted = [(i, j, bits[i][j]) for i in range(n) for j in range(m) if bits[i][j] <= most_bits]
    assert [tuple(pair) for pair in found.tolist()] == wanted
    by_hand = [np.corrcoef(sides[0].small[i].ravel(), sides[1].small[j].ravel())[0, 1] for i, j, _ in wanted]
    alike = near_pairs(*sides, most_bits=most_bits, least_correlation=0.0)
    assert len(alike) == sum(value >= 0 for value in by_hand)


def test_copies_are_found_and_others_are_not(monkeypatch):
    array = pictures(300)
    noise = np.random.default_rng(1).normal(0, 3, array[:40].shape)
    copies = np.clip(0.9 * array[:40] + 10 + noise, 0, 255).astype(np.uint8)
    # Whatever is compared at once.
    for at_once in (2**22, 1000):
        monkeypatch.setattr("skinkd.picture_hashes.HASHES_AT_ONCE", at_once)
        found = near_pairs(looks_of(copies), looks_of(array), **NEAR)
        assert [(i, j) for i, j, _ in found.tolist()] == [(i, i) for i in range(40)]
    flat = np.full((2, 48, 48, 3), 7, dtype=np.uint8)
    assert len(near_pairs(looks_of(flat), looks_of(flat), **NEAR)) == 4


# Links


@pytest.fixture
def family():
    """One test image for each kind of relative, and one of none."""
    rows = [
        # image, lesion, sha256, label, part, look
        ("same", "", "s0", "NV", "test", 0),
        ("twin_downsampled", "", "s1", "NV", "test", 1),
        ("twin", "", "s2", "NV", "train", 2),
        ("sibling", "L1", "s3", "NV", "test", 3),
        ("brother", "L1", "s4", "NV", "validation", 4),
        ("copy", "", "s5", "NV", "test", 5),
        ("original", "L2", "s5", "MEL", "train", 6),
        ("alike", "", "s6", "NV", "test", 7),
        ("like", "", "s7", "NV", "train", 7),
        ("alone", "", "", "NV", "test", 8),
        ("blank", "", "", "NV", "train", 9),
    ]
    table = pd.DataFrame(rows, columns=["image", "lesion", "sha256", "label", "part", "look"])
    looks = looks_of(pictures(10)[table["look"]])
    split = table[["image", "label", "part"]].assign(row=range(len(table)))
    return split, pictures_of(table.drop(columns=["part", "look"]), looks)


def test_every_kind_of_relative_is_counted_where_it_is(family):
    links, pairs = links_of(*family, NEAR)
    counted = {link["kind"]: (link["train"], link["validation"]) for link in links}
    assert list(counted) == list(RELATIVES)
    assert counted == {
        "image": (0, 0),
        "twin": (1, 0),
        "lesion": (0, 1),
        "bytes": (1, 0),
        "group": (1, 1),
        "label": (1, 0),
        "near": (1, 0),
        "near_unknown": (1, 0),
    }
    assert pairs.to_dict("records") == [
        {"test": "alike", "other": "like", "part": "train", "bits": 0, "siblings": False}
    ]


def test_an_image_in_two_parts_is_counted(family):
    split, archive = family
    torn = pd.concat([split, split[split["image"] == "same"].assign(part="train")], ignore_index=True)
    counted = {link["kind"]: link["train"] for link in links_of(torn, archive, NEAR)[0]}
    assert (counted["image"], counted["twin"], counted["bytes"]) == (1, 1, 2)


@pytest.mark.parametrize("name", ["davidi_park_image", "dsnet_lesion", "davidi_park_lesion"])
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), share_blank=st.floats(0, 1), n_twins=st.integers(0, 30))
def test_links_agree_with_pairs_taken_one_by_one(name, seed, share_blank, n_twins):
    small = {"train_benign": 40, "train_malignant": 39, "test_benign": 20, "test_malignant": 20}
    table = table_of(np.random.default_rng(seed), share_blank=share_blank, n_twins=n_twins)
    split = load_split(name).split(table, fold=1, **(small if "dsnet" in name else {}))
    archive = pictures_of(
        table, Looks(np.arange(len(table), dtype=np.uint64), np.zeros((len(table), 16, 16, 3)))
    )
    nothing = {"most_bits": 0, "least_correlation": 1.0}
    counted = {link["kind"]: link for link in links_of(split, archive, nothing)[0]}
    for kind, column in (("lesion", "lesion"), ("bytes", "sha256")):
        keys = table[column].to_numpy()[split["row"]]
        for other in ("train", "validation"):
            known = {key for key, of in zip(keys, split["part"], strict=True) if key and of == other}
            tested = [key for key, of in zip(keys, split["part"], strict=True) if of == "test"]
            assert counted[kind][other] == sum(key in known for key in tested)
    if name.endswith("_lesion"):
        assert counted["group"] == {"kind": "group", "train": 0, "validation": 0}


# Predictions


@pytest.fixture
def divided():
    """An archive, and a split of it by image and one by lesion."""
    table = table_of(np.random.default_rng(0), n_lesions=220)
    small = {"train_benign": 60, "train_malignant": 60, "test_benign": 40, "test_malignant": 40}
    splits = {kind: load_split(f"dsnet_{kind}").split(table, fold=1, **small) for kind in ("image", "lesion")}
    looks = Looks(np.arange(len(table), dtype=np.uint64), np.zeros((len(table), 16, 16, 3), dtype=np.uint8))
    return pictures_of(table, looks), splits


def checked(path, split, archive):
    return check_predictions(path, read_predictions(path), split, archive)


def test_what_predictions_share_is_what_the_split_shares(divided, tmp_path):
    archive, splits = divided
    path = predicted(tmp_path / "published.csv", splits["image"], "as_published", set())
    found = checked(path, splits["image"], archive)
    test, learned = (splits["image"][splits["image"]["part"].eq("test") == side] for side in (True, False))
    assert found["group"] == test["group"].isin(learned["group"]).sum() > 0
    assert (found["image"], found["test_images"]) == (0, 80)
    clean = predicted(tmp_path / "clean.csv", splits["lesion"], "leak_free", set())
    found = checked(clean, splits["lesion"], archive)
    assert {found[kind] for kind in ("image", "lesion", "bytes", "group")} == {0}


def test_leak_free_predictions_of_a_split_that_leaks_are_refused(divided, tmp_path):
    archive, splits = divided
    path = predicted(tmp_path / "clean.csv", splits["image"], "leak_free", set())
    with pytest.raises(InputError, match=r"clean\.csv: \d+ test images have a relative that trains") as error:
        checked(path, splits["image"], archive)
    assert str(error.value).startswith("ERROR audit: ")


def test_predictions_for_images_that_trained_are_refused(divided, tmp_path):
    archive, splits = divided
    path = predicted(tmp_path / "other.csv", splits["image"], "as_published", set())
    with pytest.raises(InputError, match="images are not in that part of the split: ISIC_"):
        checked(path, splits["lesion"], archive)


# The job


def test_the_job_audits_every_split_and_says_what_the_leak_adds(divided, tmp_path):
    archive, splits = divided
    leaky = inject_siblings(splits["lesion"], archive.table, seed=0, fold=1)
    protocols = {"as_published": splits["image"], "leak_free": splits["lesion"], "leak_injected": leaky}
    paths = {"splits": [], "predictions": []}
    for protocol, split in protocols.items():
        split.to_csv(tmp_path / f"{protocol}.csv", index=False)
        paths["splits"].append(tmp_path / f"{protocol}.csv")
        right = part(split, "test") if protocol == "leak_injected" else set()
        paths["predictions"].append(predicted(tmp_path / f"said_{protocol}.csv", split, protocol, right))
    archive.table.to_csv(tmp_path / "images.csv", index=False)
    np.savez(tmp_path / "looks.npz", **archive.looks._asdict())
    audit_paper(
        paper="p",
        paths_to_tables={"demo": tmp_path / "images.csv"},
        paths_to_looks={"demo": tmp_path / "looks.npz"},
        splits=[{"protocol": protocol, "fold": 1, "source": "demo"} for protocol in protocols],
        paths_to_splits=paths["splits"],
        paths_to_predictions=paths["predictions"],
        injections={
            "student": {"leak_injected": paths["predictions"][2:], "leak_free": paths["predictions"][1:2]}
        },
        near=NEAR,
        statistics={"resamples": 20, "confidence": 0.95, "seed": 0},
        path_to_record=tmp_path / "p.json",
        path_to_pairs=tmp_path / "p.csv",
    )
    record = json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))
    groups = {
        split["protocol"]: next(link["train"] for link in split["links"] if link["kind"] == "group")
        for split in record["splits"]
    }
    assert groups["leak_free"] == 0 < groups["as_published"]
    assert groups["leak_injected"] > 0
    assert [found["protocol"] for found in record["predictions"]] == list(protocols)
    (injection,) = record["injections"]
    assert all(record["value"] == 1 for record in injection["reaches"][0]["metrics"])
    assert pd.read_csv(tmp_path / "p.csv")["protocol"].isin(list(protocols)).all()
