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
KEYS = keys_of(IMAGES)
NAMES = names_in("augmentations")
MANY = [f"ISIC_{index:07d}" for index in range(20_000)]
MANY_KEYS = keys_of(MANY)
NEUTRAL = {"scale_x": 1, "scale_y": 1, "flip_x": 1, "flip_y": 1}


def augmentation(name):
    return import_module(f"skinkd.augmentations.{name}")


def pictures_of(n, side=32, seed=0):
    """Smooth pictures in [0, 1], (n, 3, side, side), different in every corner."""
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand(n, 3, 5, 5, generator=generator)
    return F.interpolate(small, size=(side, side), mode="bicubic", align_corners=False).clamp(0, 1)


def views_of(pictures, rows, name="ssd_kd"):
    """The views of a copy of the pictures."""
    return augmentation(name).apply(pictures.clone(), rows)


def row_of(**values):
    """One row of ssd_kd that changes only what `values` name, (1, 14)."""
    row = torch.zeros(1, len(COLUMNS))
    for name, value in (NEUTRAL | values).items():
        row[0, INDEX[name]] = value
    return row


@pytest.fixture(scope="module")
def drawn():
    """20,000 draws of ssd_kd by column."""
    return dict(zip(COLUMNS, ssd_kd.draw(MANY_KEYS, view=3, seed=0).T, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_file_draws_and_applies(name):
    module = augmentation(name)
    assert list(inspect.signature(module.draw).parameters) == ["keys", "view", "seed"]
    assert list(inspect.signature(module.apply).parameters) == ["pictures", "rows"]
    assert not inspect.signature(getattr(module, name)).parameters


@pytest.mark.parametrize("name", NAMES)
def test_rows_depend_on_seed_image_and_view_alone(name):
    draw = augmentation(name).draw
    rows = draw(KEYS, 5, 1)
    order = np.random.default_rng(0).permutation(len(IMAGES))
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    np.testing.assert_array_equal(draw(KEYS[order], 5, 1), rows[order])
    np.testing.assert_array_equal(draw(KEYS[7:9], 5, 1), rows[7:9])
    assert draw(KEYS[:0], 5, 1).shape == (0, rows.shape[1])


def test_another_seed_or_view_gives_other_rows():
    rows = ssd_kd.draw(KEYS, 5, 1)
    for view, seed in ((6, 1), (5, 2), (1, 5)):
        assert (ssd_kd.draw(KEYS, view, seed) != rows).any(axis=1).mean() > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_a_view_is_the_same_in_every_batch(name):
    """To the bit: which other pictures need which work leaves no trace."""
    pictures, rows = pictures_of(40), torch.from_numpy(augmentation(name).draw(KEYS, 2, 0))
    whole = views_of(pictures, rows, name)
    for size in (1, 7):
        pieces = [views_of(*pair, name) for pair in zip(pictures.split(size), rows.split(size), strict=True)]
        assert torch.equal(torch.cat(pieces), whole)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    assert torch.equal(views_of(pictures[order], rows[order], name), whole[order])


@pytest.mark.parametrize("name", NAMES)
def test_views_are_made_in_place(name):
    module, pictures = augmentation(name), pictures_of(40)
    rows = torch.from_numpy(module.draw(KEYS, 2, 0))
    expected, kept = views_of(pictures, rows, name), rows.clone()
    assert module.apply(pictures, rows) is pictures
    assert torch.equal(pictures, expected)
    assert torch.equal(rows, kept)


@pytest.mark.parametrize("side", [32, 48])
@pytest.mark.parametrize("name", NAMES)
def test_pictures_keep_their_shape_and_range(name, side):
    module = augmentation(name)
    generator = torch.Generator().manual_seed(1)
    pictures = torch.rand(40, 3, side, side, generator=generator)
    for view in range(5):
        views = views_of(pictures, torch.from_numpy(module.draw(KEYS, view, 0)), name)
        assert views.shape == pictures.shape
        assert views.dtype == torch.float32
        assert 0 <= views.min() <= views.max() <= 1


def test_identity_changes_nothing():
    pictures = pictures_of(3)
    rows = torch.from_numpy(augmentation("identity").draw(KEYS[:3], 0, 0))
    assert torch.equal(views_of(pictures, rows, "identity"), pictures)


def test_uniform_numbers_are_uniform():
    numbers = uniform(MANY_KEYS, view=0, seed=0, columns=4)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    for column in numbers.T:
        counts, _ = np.histogram(column, bins=50, range=(0, 1))
        # Chi-square with 49 degrees of freedom: 94.6 is exceeded once in 10,000 columns.
        assert ((counts - 400) ** 2 / 400).sum() < 94.6


def test_uniform_numbers_are_independent():
    """Between columns, views, seeds and neighbouring images; four standard errors of 20,000 pairs."""
    base = uniform(MANY_KEYS, view=0, seed=0, columns=3)
    others = [
        base[:, 1],
        base[:, 2],
        uniform(MANY_KEYS, view=1, seed=0, columns=1)[:, 0],
        uniform(MANY_KEYS, view=0, seed=1, columns=1)[:, 0],
        np.roll(base[:, 0], 1),
    ]
    for other in others:
        assert abs(np.corrcoef(base[:, 0], other)[0, 1]) < 4 / math.sqrt(len(MANY))


def test_more_columns_leave_the_first_as_they_are():
    np.testing.assert_array_equal(uniform(KEYS, 0, 0, 9)[:, :4], uniform(KEYS, 0, 0, 4))


def test_keys_are_the_first_bytes_of_the_ids_digest():
    """sha256("abc") = ba7816bf 8f01cfea ... (FIPS 180-4), read from its low byte."""
    assert keys_of(["abc"]).tolist() == [0xEACF018FBF1678BA]
    assert len(set(MANY_KEYS.tolist())) == len(MANY)
    np.testing.assert_array_equal(keys_of(np.array(IMAGES, dtype=object)), KEYS)
    assert uniform(keys_of([]), 0, 0, 3).shape == (0, 3)


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
    assert torch.equal(views_of(pictures, row_of().repeat(4, 1)), pictures)


@pytest.mark.parametrize(("name", "axis"), [("flip_x", 3), ("flip_y", 2)])
def test_a_flip_is_a_mirror(name, axis):
    pictures = pictures_of(1)
    flipped = views_of(pictures, row_of(**{name: -1}))
    assert torch.equal(flipped, pictures.flip(axis))


def test_both_flips_are_a_half_turn():
    pictures = pictures_of(2)
    turned = views_of(pictures, row_of(flip_x=-1, flip_y=-1).repeat(2, 1))
    assert torch.equal(turned, pictures.rot90(2, (2, 3)))


@pytest.mark.parametrize("quarters", [1, -1])
def test_a_positive_angle_turns_clockwise(quarters):
    """As one sees the picture, rows from the top: rot90 turns against the clock."""
    pictures = pictures_of(1)
    turned = views_of(pictures, row_of(angle_rad=quarters * math.pi / 2))
    torch.testing.assert_close(turned, pictures.rot90(-quarters, (2, 3)), atol=1e-4, rtol=0)
    assert (turned - pictures.rot90(quarters, (2, 3))).abs().max() > 0.1


def test_the_picture_is_flipped_before_it_is_turned():
    pictures = pictures_of(1)
    both = views_of(pictures, row_of(flip_x=-1, angle_rad=math.pi / 2))
    torch.testing.assert_close(both, pictures.flip(3).rot90(-1, (2, 3)), atol=1e-4, rtol=0)


def test_scale_two_shows_the_middle_twice_as_large():
    pictures = pictures_of(1, side=64)
    zoomed = views_of(pictures, row_of(scale_x=2, scale_y=2))
    middle = F.interpolate(pictures[:, :, 16:48, 16:48], size=(64, 64), mode="bilinear", align_corners=False)
    torch.testing.assert_close(zoomed[:, :, 1:-1, 1:-1], middle[:, :, 1:-1, 1:-1], atol=1e-4, rtol=0)


def test_scaling_one_axis_leaves_the_other():
    stripes = torch.linspace(0, 1, 32)[None, None, :, None].expand(1, 3, 32, 32)
    torch.testing.assert_close(views_of(stripes, row_of(scale_x=1.7)), stripes, atol=1e-5, rtol=0)
    assert (views_of(stripes, row_of(scale_y=1.7)) - stripes).abs().max() > 0.1


def test_blur_has_the_width_that_its_row_says():
    """The variance of a blurred point is sigma squared; the kernel is cut at 4 px."""
    point = torch.zeros(1, 3, 33, 33)
    point[:, :, 16, 16] = 1
    blurred = views_of(point, row_of(blur_sigma_px=1.2))[0, 0]
    offsets = torch.arange(33) - 16.0
    assert float(blurred.sum()) == pytest.approx(1, abs=1e-4)
    assert float((blurred.sum(dim=0) * offsets**2).sum()) == pytest.approx(1.44, rel=0.02)
    assert float((blurred.sum(dim=1) * offsets**2).sum()) == pytest.approx(1.44, rel=0.02)


@pytest.mark.parametrize("share", [0.02, 0.05])
def test_fine_dropout_blackens_its_share(share):
    white = torch.ones(50, 3, 64, 64)
    rows = row_of(dropout_share=share).repeat(50, 1)
    rows[:, INDEX["dropout_seed"]] = torch.arange(50)
    black = views_of(white, rows) < 0.5
    assert (black == black[:, :1]).all()
    deviation = math.sqrt(share * (1 - share) / (50 * 64 * 64))
    assert abs(black[:, 0].double().mean() - share) < 4 * deviation


def test_coarse_dropout_blackens_whole_squares():
    white = torch.ones(200, 3, 64, 64)
    rows = row_of(dropout_share=0.02, dropout_coarse=1).repeat(200, 1)
    rows[:, INDEX["dropout_seed"]] = torch.arange(200)
    black = (views_of(white, rows) < 0.5)[:, 0].reshape(200, 16, 4, 16, 4)
    squares = black[:, :, 0, :, 0]
    assert (black == squares[:, :, None, :, None]).all()
    deviation = math.sqrt(0.02 * 0.98 / squares.numel())
    assert abs(squares.double().mean() - 0.02) < 4 * deviation


def test_dropout_differs_between_seeds():
    white, masks = torch.ones(1, 3, 32, 32), []
    for seed in (1, 2):
        masks.append(views_of(white, row_of(dropout_share=0.05, dropout_seed=seed)) < 0.5)
    assert not torch.equal(*masks)


def test_adding_moves_one_channel():
    pictures = 0.2 + 0.5 * pictures_of(2)
    brighter = views_of(pictures, row_of(add_green=0.05).repeat(2, 1))
    expected = torch.tensor([0.0, 0.05, 0.0])[:, None, None].expand_as(pictures)
    torch.testing.assert_close(brighter - pictures, expected, atol=1e-5, rtol=0)


def test_hue_and_saturation_keep_grey_and_brightness():
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    pictures = 0.3 + 0.3 * pictures_of(2)
    grey = pictures.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    rows = row_of(hue=0.04, saturation=0.04).repeat(2, 1)
    torch.testing.assert_close(views_of(grey, rows), grey, atol=1e-4, rtol=0)
    toned = views_of(pictures, rows)
    assert (toned - pictures).abs().max() > 1e-3
    torch.testing.assert_close(
        (toned * weights).sum(dim=1), (pictures * weights).sum(dim=1), atol=1e-3, rtol=0
    )


def test_saturation_stretches_the_distance_to_grey():
    pictures = 0.3 + 0.3 * pictures_of(2)
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    grey = (pictures * weights).sum(dim=1, keepdim=True)
    toned = views_of(pictures, row_of(saturation=0.04).repeat(2, 1))
    torch.testing.assert_close(toned - grey, 1.04 * (pictures - grey), atol=1e-5, rtol=0)


def moved_literally(pictures, rows):
    """Every picture through one resampling, by torch's own grid."""
    scale_x, scale_y, flip_x, flip_y, angle = rows[:, :5].T
    x = torch.stack([flip_x * angle.cos() / scale_x, flip_x * angle.sin() / scale_x, 0 * angle], dim=1)
    y = torch.stack([-flip_y * angle.sin() / scale_y, flip_y * angle.cos() / scale_y, 0 * angle], dim=1)
    grid = F.affine_grid(torch.stack([x, y], dim=1), list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)


def blurred_literally(picture, sigma_px):
    """One picture (3, S, S) under all nine weights of each axis."""
    weights = torch.exp(-0.5 * (torch.arange(-4, 5) / max(sigma_px, 1e-3)) ** 2).to(picture)
    kernel = torch.outer(weights, weights) / weights.sum() ** 2
    padded = F.pad(picture[:, None], (4, 4, 4, 4), mode="reflect")
    return F.conv2d(padded, kernel[None, None])[:, 0]


def dropped_literally(picture, share, coarse, seed):
    """One picture (3, S, S), point by point, in Python's whole numbers."""
    dropped, side, cell = picture.clone(), picture.shape[-1], 4 if coarse else 1
    for y in range(side):
        for x in range(side):
            mixed = ((y // cell * side + x // cell) * 2654435761 + seed * 40503 + 12345) % 2**32
            mixed = ((mixed ^ (mixed >> 16)) * 73244475) % 2**32
            mixed = ((mixed ^ (mixed >> 16)) * 73244475) % 2**32
            if (mixed ^ (mixed >> 16)) / 2**32 < share:
                dropped[:, y, x] = 0
    return dropped


def coloured_literally(picture, added, hue, saturation):
    """One picture (3, S, S): added to, turned in YIQ by `hue` turns, and drawn away from its grey."""
    picture = picture + torch.tensor(added)[:, None, None]
    red, green, blue = picture
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    i, q = 0.596 * red - 0.274 * green - 0.322 * blue, 0.211 * red - 0.523 * green + 0.312 * blue
    angle = 2 * math.pi * hue
    change_i = i * math.cos(angle) - q * math.sin(angle) - i
    change_q = i * math.sin(angle) + q * math.cos(angle) - q
    turned = torch.stack(
        [
            red + 0.956 * change_i + 0.621 * change_q,
            green - 0.272 * change_i - 0.647 * change_q,
            blue - 1.106 * change_i + 1.703 * change_q,
        ]
    )
    return grey + (turned - grey) * (1 + saturation)


def literally(pictures, rows):
    """The views as the rows are written down, in float64: each step for every picture, one by one."""
    views = moved_literally(pictures.double(), rows.double())
    for index, row in enumerate(rows.tolist()):
        told = dict(zip(COLUMNS, row, strict=True))
        view = blurred_literally(views[index], told["blur_sigma_px"])
        dropout = told["dropout_share"], told["dropout_coarse"], int(told["dropout_seed"])
        view = dropped_literally(view, *dropout)
        added = [told[f"add_{colour}"] for colour in ("red", "green", "blue")]
        views[index] = coloured_literally(view, added, told["hue"], told["saturation"])
    return views.clamp(0, 1).float()


@pytest.mark.parametrize("side", [17, 32])
def test_views_are_what_their_rows_say_literally(side):
    """White noise, where a shift by a thousandth of a pixel would show."""
    pictures = torch.rand(40, 3, side, side, generator=torch.Generator().manual_seed(0))
    for view in range(3):
        rows = torch.from_numpy(ssd_kd.draw(KEYS, view, 0))
        torch.testing.assert_close(views_of(pictures, rows), literally(pictures, rows), atol=1e-5, rtol=0)


def test_everything_at_once_is_what_the_row_says_literally():
    """Draws never add and turn the hue at once; a row may."""
    pictures = torch.rand(3, 3, 24, 24, generator=torch.Generator().manual_seed(1))
    moved = {"scale_x": 1.3, "scale_y": 1.9, "flip_x": -1, "flip_y": -1, "angle_rad": -1.2}
    dropped = {"blur_sigma_px": 1.1, "dropout_share": 0.3, "dropout_coarse": 1, "dropout_seed": 77}
    coloured = {"add_red": 0.05, "add_green": -0.04, "add_blue": 0.03, "hue": 0.03, "saturation": -0.03}
    rows = torch.cat([row_of(**moved, **dropped, **coloured), row_of(), row_of(**moved, **coloured)])
    torch.testing.assert_close(views_of(pictures, rows), literally(pictures, rows), atol=1e-5, rtol=0)


@pytest.mark.parametrize("sigma_px", [1e-4, 0.1, 0.2, 0.4, 0.66, 0.67, 1.5])
def test_weights_that_are_left_out_would_not_be_seen(sigma_px):
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    expected = blurred_literally(picture[0].double(), sigma_px).float()[None]
    torch.testing.assert_close(views_of(picture, row_of(blur_sigma_px=sigma_px)), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("change", "happens"),
    [
        ("resampled", lambda c: (c["scale_x"] != 1) | (c["angle_rad"] != 0)),
        ("blurred", lambda c: c["blur_sigma_px"] > 0),
        ("blackened", lambda c: c["dropout_share"] > 0),
        ("recoloured", lambda c: (c["add_red"] != 0) | (c["hue"] != 0)),
    ],
)
def test_a_change_is_made_of_those_pictures_alone_that_need_it(change, happens, drawn, monkeypatch):
    """What nothing happens to costs nothing."""
    counted, make = [], getattr(ssd_kd, change)

    def counting(pictures, *amounts, **options):
        counted.append(len(pictures))
        return make(pictures, *amounts, **options)

    monkeypatch.setattr(ssd_kd, change, counting)
    rows = torch.tensor(np.stack(list(drawn.values()), axis=1)[:500])
    ssd_kd.apply(torch.rand(500, 3, 16, 16), rows)
    assert sum(counted) == happens(drawn)[:500].sum()
    assert 0 < sum(counted) < 250
