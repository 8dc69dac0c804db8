"""A view is a pure function of (seed, image, view), and its rows do to a picture what they say."""

import inspect
import math
from importlib import import_module

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from skinkd.augmentations import keys_of, ssd_kd, uniform
from skinkd.augmentations.ssd_kd import COLUMNS, INDEX
from skinkd.signatures import names_in

IMAGES = [f"ISIC_{index:07d}" for index in range(40)]
NAMES = names_in("augmentations")
MANY = [f"ISIC_{index:07d}" for index in range(20_000)]
NEUTRAL = {"scale_x": 1, "scale_y": 1, "flip_x": 1, "flip_y": 1}


def augmentation(name):
    return import_module(f"skinkd.augmentations.{name}")


def pictures_of(n, side=32, seed=0):
    """Smooth pictures in [0, 1], (n, 3, side, side), different in every corner."""
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand(n, 3, 5, 5, generator=generator)
    return F.interpolate(small, size=(side, side), mode="bicubic", align_corners=False).clamp(0, 1)


def row_of(**values):
    """One row of ssd_kd that changes only what `values` name, (1, 14)."""
    row = torch.zeros(1, len(COLUMNS))
    for name, value in (NEUTRAL | values).items():
        row[0, INDEX[name]] = value
    return row


@pytest.fixture(scope="module")
def drawn():
    """20,000 draws of ssd_kd by column."""
    return dict(zip(COLUMNS, ssd_kd.draw(MANY, view=3, seed=0).T, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_file_draws_and_applies(name):
    module = augmentation(name)
    assert list(inspect.signature(module.draw).parameters) == ["images", "view", "seed"]
    assert list(inspect.signature(module.apply).parameters) == ["pictures", "rows"]
    assert not inspect.signature(getattr(module, name)).parameters


@pytest.mark.parametrize("name", NAMES)
def test_rows_depend_on_seed_image_and_view_alone(name):
    draw = augmentation(name).draw
    rows = draw(IMAGES, 5, 1)
    order = np.random.default_rng(0).permutation(len(IMAGES))
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    np.testing.assert_array_equal(draw([IMAGES[index] for index in order], 5, 1), rows[order])
    np.testing.assert_array_equal(draw(IMAGES[7:9], 5, 1), rows[7:9])
    np.testing.assert_array_equal(draw(np.array(IMAGES, dtype=object), 5, 1), rows)


def test_another_seed_or_view_gives_other_rows():
    rows = ssd_kd.draw(IMAGES, 5, 1)
    for view, seed in ((6, 1), (5, 2), (1, 5)):
        assert (ssd_kd.draw(IMAGES, view, seed) != rows).any(axis=1).mean() > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_a_view_is_the_same_in_every_batch(name):
    module = augmentation(name)
    pictures, rows = pictures_of(40), torch.from_numpy(module.draw(IMAGES, 2, 0))
    whole = module.apply(pictures, rows)
    for size in (1, 7):
        pieces = [module.apply(*pair) for pair in zip(pictures.split(size), rows.split(size), strict=True)]
        torch.testing.assert_close(torch.cat(pieces), whole, atol=1e-6, rtol=0)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(module.apply(pictures[order], rows[order]), whole[order], atol=1e-6, rtol=0)


@pytest.mark.parametrize("side", [32, 48])
@pytest.mark.parametrize("name", NAMES)
def test_pictures_keep_their_shape_and_range(name, side):
    module = augmentation(name)
    generator = torch.Generator().manual_seed(1)
    pictures = torch.rand(40, 3, side, side, generator=generator)
    for view in range(5):
        views = module.apply(pictures, torch.from_numpy(module.draw(IMAGES, view, 0)))
        assert views.shape == pictures.shape
        assert views.dtype == torch.float32
        assert 0 <= views.min() <= views.max() <= 1


def test_identity_changes_nothing():
    pictures = pictures_of(3)
    rows = torch.from_numpy(augmentation("identity").draw(IMAGES[:3], 0, 0))
    assert torch.equal(augmentation("identity").apply(pictures, rows), pictures)


def test_uniform_numbers_are_uniform():
    numbers = uniform(MANY, view=0, seed=0, columns=4)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    for column in numbers.T:
        counts, _ = np.histogram(column, bins=50, range=(0, 1))
        # Chi-square with 49 degrees of freedom: 94.6 is exceeded once in 10,000 columns.
        assert ((counts - 400) ** 2 / 400).sum() < 94.6


def test_uniform_numbers_are_independent():
    """Between columns, views, seeds and neighbouring images; four standard errors of 20,000 pairs."""
    base = uniform(MANY, view=0, seed=0, columns=3)
    others = [
        base[:, 1],
        base[:, 2],
        uniform(MANY, view=1, seed=0, columns=1)[:, 0],
        uniform(MANY, view=0, seed=1, columns=1)[:, 0],
        np.roll(base[:, 0], 1),
    ]
    for other in others:
        assert abs(np.corrcoef(base[:, 0], other)[0, 1]) < 4 / math.sqrt(len(MANY))


def test_more_columns_leave_the_first_as_they_are():
    np.testing.assert_array_equal(uniform(IMAGES, 0, 0, 9)[:, :4], uniform(IMAGES, 0, 0, 4))


def test_keys_are_the_first_bytes_of_the_ids_digest():
    """sha256("abc") = ba7816bf 8f01cfea ... (FIPS 180-4), read from its low byte."""
    assert keys_of(["abc"]).tolist() == [0xEACF018FBF1678BA]
    assert len(set(keys_of(MANY).tolist())) == len(MANY)
    assert uniform([], 0, 0, 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("happens", "probability"),
    [
        (lambda c: c["scale_x"] != 1, 0.25),
        (lambda c: c["angle_rad"] != 0, 0.25),
        (lambda c: c["blur_sigma_px"] != 0, 0.25),
        (lambda c: c["flip_x"] == -1, 0.5),
        (lambda c: c["flip_y"] == -1, 0.2),
        (lambda c: c["dropout_share"] != 0, 0.1),
        (lambda c: (c["dropout_share"] != 0) & (c["dropout_coarse"] == 1), 0.05),
        (lambda c: c["add_red"] != 0, 0.125),
        (lambda c: (c["add_red"] != 0) & (c["add_red"] != c["add_blue"]), 0.0625),
        (lambda c: c["hue"] != 0, 0.125),
        (lambda c: c["saturation"] != 0, 0.125),
        (lambda c: (c["add_red"] != 0) & (c["hue"] != 0), 0.0),
        (lambda c: (c["scale_x"] != 1) != (c["scale_y"] != 1), 0.0),
        (lambda c: (c["scale_x"] != 1) & (c["angle_rad"] != 0), 0.0625),
    ],
    ids=[
        "scaled",
        "rotated",
        "blurred",
        "mirrored",
        "upside down",
        "dropped",
        "coarse",
        "added",
        "by channel",
        "hue",
        "saturation",
        "both colours",
        "one axis",
        "scaled and rotated",
    ],
)
def test_frequencies_are_those_stated(drawn, happens, probability):
    deviation = math.sqrt(probability * (1 - probability) / len(MANY))
    assert abs(happens(drawn).mean() - probability) <= 4 * deviation


@pytest.mark.parametrize(
    ("column", "low", "high"),
    [
        ("scale_x", 1, 2),
        ("scale_y", 1, 2),
        ("angle_rad", -math.radians(120), math.radians(120)),
        ("blur_sigma_px", 0, 1.5),
        ("add_red", -15 / 255, 15 / 255),
        ("hue", -10 / 255, 10 / 255),
        ("saturation", -10 / 255, 10 / 255),
    ],
)
def test_amounts_fill_their_range(drawn, column, low, high):
    amounts = drawn[column]
    assert low <= amounts.min() < low + 0.01 * (high - low)
    assert high >= amounts.max() > high - 0.01 * (high - low)


def test_a_neutral_row_leaves_the_picture():
    pictures = pictures_of(4)
    torch.testing.assert_close(ssd_kd.apply(pictures, row_of().repeat(4, 1)), pictures, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("name", "axis"), [("flip_x", 3), ("flip_y", 2)])
def test_a_flip_is_a_mirror(name, axis):
    pictures = pictures_of(1)
    flipped = ssd_kd.apply(pictures, row_of(**{name: -1}))
    torch.testing.assert_close(flipped, pictures.flip(axis), atol=1e-5, rtol=0)


@pytest.mark.parametrize("quarters", [1, -1])
def test_a_positive_angle_turns_clockwise(quarters):
    """As one sees the picture, rows from the top: rot90 turns against the clock."""
    pictures = pictures_of(1)
    turned = ssd_kd.apply(pictures, row_of(angle_rad=quarters * math.pi / 2))
    torch.testing.assert_close(turned, pictures.rot90(-quarters, (2, 3)), atol=1e-4, rtol=0)
    assert (turned - pictures.rot90(quarters, (2, 3))).abs().max() > 0.1


def test_the_picture_is_flipped_before_it_is_turned():
    pictures = pictures_of(1)
    both = ssd_kd.apply(pictures, row_of(flip_x=-1, angle_rad=math.pi / 2))
    torch.testing.assert_close(both, pictures.flip(3).rot90(-1, (2, 3)), atol=1e-4, rtol=0)


def test_scale_two_shows_the_middle_twice_as_large():
    pictures = pictures_of(1, side=64)
    zoomed = ssd_kd.apply(pictures, row_of(scale_x=2, scale_y=2))
    middle = F.interpolate(pictures[:, :, 16:48, 16:48], size=(64, 64), mode="bilinear", align_corners=False)
    torch.testing.assert_close(zoomed[:, :, 1:-1, 1:-1], middle[:, :, 1:-1, 1:-1], atol=1e-4, rtol=0)


def test_scaling_one_axis_leaves_the_other():
    stripes = torch.linspace(0, 1, 32)[None, None, :, None].expand(1, 3, 32, 32)
    torch.testing.assert_close(ssd_kd.apply(stripes, row_of(scale_x=1.7)), stripes, atol=1e-5, rtol=0)
    assert (ssd_kd.apply(stripes, row_of(scale_y=1.7)) - stripes).abs().max() > 0.1


def test_blur_has_the_width_that_its_row_says():
    """The variance of a blurred point is sigma squared; the kernel is cut at 4 px."""
    point = torch.zeros(1, 3, 33, 33)
    point[:, :, 16, 16] = 1
    blurred = ssd_kd.apply(point, row_of(blur_sigma_px=1.2))[0, 0]
    offsets = torch.arange(33) - 16.0
    assert float(blurred.sum()) == pytest.approx(1, abs=1e-4)
    assert float((blurred.sum(dim=0) * offsets**2).sum()) == pytest.approx(1.44, rel=0.02)
    assert float((blurred.sum(dim=1) * offsets**2).sum()) == pytest.approx(1.44, rel=0.02)


@pytest.mark.parametrize("share", [0.02, 0.05])
def test_fine_dropout_blackens_its_share(share):
    white = torch.ones(50, 3, 64, 64)
    rows = row_of(dropout_share=share).repeat(50, 1)
    rows[:, INDEX["dropout_seed"]] = torch.arange(50)
    black = ssd_kd.apply(white, rows) < 0.5
    assert (black == black[:, :1]).all()
    deviation = math.sqrt(share * (1 - share) / (50 * 64 * 64))
    assert abs(black[:, 0].double().mean() - share) < 4 * deviation


def test_coarse_dropout_blackens_whole_squares():
    white = torch.ones(200, 3, 64, 64)
    rows = row_of(dropout_share=0.02, dropout_coarse=1).repeat(200, 1)
    rows[:, INDEX["dropout_seed"]] = torch.arange(200)
    black = (ssd_kd.apply(white, rows) < 0.5)[:, 0].reshape(200, 16, 4, 16, 4)
    squares = black[:, :, 0, :, 0]
    assert (black == squares[:, :, None, :, None]).all()
    deviation = math.sqrt(0.02 * 0.98 / squares.numel())
    assert abs(squares.double().mean() - 0.02) < 4 * deviation


def test_dropout_differs_between_seeds():
    white, masks = torch.ones(1, 3, 32, 32), []
    for seed in (1, 2):
        masks.append(ssd_kd.apply(white, row_of(dropout_share=0.05, dropout_seed=seed)) < 0.5)
    assert not torch.equal(*masks)


def test_adding_moves_one_channel():
    pictures = 0.2 + 0.5 * pictures_of(2)
    brighter = ssd_kd.apply(pictures, row_of(add_green=0.05).repeat(2, 1))
    expected = torch.tensor([0.0, 0.05, 0.0])[:, None, None].expand_as(pictures)
    torch.testing.assert_close(brighter - pictures, expected, atol=1e-5, rtol=0)


def test_hue_and_saturation_keep_grey_and_brightness():
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    pictures = 0.3 + 0.3 * pictures_of(2)
    grey = pictures.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    rows = row_of(hue=0.04, saturation=0.04).repeat(2, 1)
    torch.testing.assert_close(ssd_kd.apply(grey, rows), grey, atol=1e-4, rtol=0)
    toned = ssd_kd.apply(pictures, rows)
    assert (toned - pictures).abs().max() > 1e-3
    torch.testing.assert_close(
        (toned * weights).sum(dim=1), (pictures * weights).sum(dim=1), atol=1e-3, rtol=0
    )


def test_saturation_stretches_the_distance_to_grey():
    pictures = 0.3 + 0.3 * pictures_of(2)
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    grey = (pictures * weights).sum(dim=1, keepdim=True)
    toned = ssd_kd.apply(pictures, row_of(saturation=0.04).repeat(2, 1))
    torch.testing.assert_close(toned - grey, 1.04 * (pictures - grey), atol=1e-5, rtol=0)
