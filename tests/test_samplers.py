"""Which images an epoch shows: balanced draws, frozen ones, and the curriculum of Davidi and Park."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from training_examples import DISTILLED, quiet, teachers_logits, trainer_of

from skinkd.samplers import shown

# The 17,728 training images of Davidi and Park: int(0.7 n) of each class of ISIC 2019.
ISIC_2019 = {
    "MEL": 4522,
    "NV": 12875,
    "BCC": 3323,
    "AK": 867,
    "BKL": 2624,
    "DF": 239,
    "VASC": 253,
    "SCC": 628,
}
LABELS = np.repeat(np.arange(8), [int(0.7 * images) for images in ISIC_2019.values()])
FEW = np.repeat([0, 1, 2], [90, 9, 1])
CONFIDENCE = np.random.default_rng(0).uniform(0.3, 1.0, len(FEW))
DRAWS = ("every_image", "weighted", "weighted_frozen")
ORDERS = ("random", "confident_first", "confident_last")


def epochs_of(draw, order="random", seed=0, epochs=3):
    """The few images' indices in several epochs."""
    return [shown(draw, order, FEW, CONFIDENCE, seed, epoch) for epoch in range(epochs)]


@given(st.sampled_from(DRAWS), st.sampled_from(ORDERS), st.integers(0, 1000), st.integers(0, 1000))
def test_as_many_images_as_there_are_and_the_same_every_time(draw, order, seed, epoch):
    chosen = shown(draw, order, FEW, CONFIDENCE, seed, epoch)
    assert chosen.shape == FEW.shape
    assert np.isin(chosen, np.arange(len(FEW))).all()
    assert np.array_equal(chosen, shown(draw, order, FEW, CONFIDENCE, seed, epoch))


@given(st.sampled_from(DRAWS), st.integers(0, 1000), st.integers(0, 1000))
def test_the_order_does_not_change_what_is_drawn(draw, seed, epoch):
    drawn = [np.sort(shown(draw, order, FEW, CONFIDENCE, seed, epoch)) for order in ORDERS]
    assert np.array_equal(drawn[0], drawn[1])
    assert np.array_equal(drawn[0], drawn[2])


@pytest.mark.parametrize("order", ORDERS)
def test_every_image_is_shown_once(order):
    for chosen in epochs_of("every_image", order):
        assert np.array_equal(np.sort(chosen), np.arange(len(FEW)))


@pytest.mark.parametrize("draw", ["weighted", "weighted_frozen"])
def test_a_weighted_draw_shows_all_classes_equally_often(draw):
    """17,728 draws at 1/8: five standard deviations are 1.24 %."""
    counts = np.bincount(LABELS[shown(draw, "random", LABELS, None, 0, 0)])
    np.testing.assert_allclose(counts / len(LABELS), 1 / 8, atol=5 * np.sqrt(1 / 8 * 7 / 8 / len(LABELS)))


def test_a_weighted_draw_shows_the_images_of_a_class_equally_often():
    """Two images that make up a class, in 300 epochs of 4 draws: five standard deviations of 1/4."""
    labels = np.array([0, 0, 1, 1])
    drawn = np.concatenate([shown("weighted", "random", labels, None, 0, epoch) for epoch in range(300)])
    np.testing.assert_allclose(np.bincount(drawn) / len(drawn), 1 / 4, atol=5 * np.sqrt(3 / 16 / len(drawn)))


def test_a_class_without_images_is_never_drawn():
    labels = np.array([0, 0, 2, 2])
    assert set(shown("weighted", "random", labels, None, 0, 0)) <= {0, 1, 2, 3}


def test_a_frozen_draw_shows_as_few_images_as_computed_from_the_class_counts():
    """1 - (1 - 1/(8 n))^N of a class's n images: 7,645 of 17,728, and 21.8 % of the naevi."""
    counts = np.bincount(LABELS)
    shares = 1 - (1 - 1 / (8 * counts)) ** len(LABELS)
    assert len(LABELS) == 17728
    assert counts @ shares == pytest.approx(7645, abs=1)
    assert round(100 * float(shares[1]), 1) == 21.8
    draws = [np.unique(shown("weighted_frozen", "random", LABELS, None, seed, 0)) for seed in range(20)]
    # A draw's number of images varies by less than √7,645; means of 20 lie within five such errors.
    assert np.mean([len(draw) for draw in draws]) == pytest.approx(7645, abs=5 * np.sqrt(7645 / 20))
    assert np.mean([np.mean(LABELS[draw] == 1) * len(draw) / counts[1] for draw in draws]) == pytest.approx(
        shares[1], abs=0.005
    )


def test_a_frozen_draw_is_the_same_in_all_epochs_and_another_for_another_seed():
    first, *others = [np.sort(chosen) for chosen in epochs_of("weighted_frozen")]
    assert all(np.array_equal(first, other) for other in others)
    assert not np.array_equal(first, np.sort(epochs_of("weighted_frozen", seed=1)[0]))


def test_a_random_order_of_a_frozen_draw_differs_by_epoch():
    first, second, _ = epochs_of("weighted_frozen", "random")
    assert not np.array_equal(first, second)
    assert np.array_equal(np.sort(first), np.sort(second))


@pytest.mark.parametrize("order", ["confident_first", "confident_last"])
def test_the_literal_curriculum_is_one_sorted_list_for_all_epochs(order):
    first, *others = epochs_of("weighted_frozen", order)
    assert all(np.array_equal(first, other) for other in others)


@pytest.mark.parametrize("draw", DRAWS)
def test_a_curriculum_is_sorted_by_confidence(draw):
    for chosen in epochs_of(draw, "confident_first"):
        assert (np.diff(CONFIDENCE[chosen]) <= 0).all()
    for chosen in epochs_of(draw, "confident_last"):
        assert (np.diff(CONFIDENCE[chosen]) >= 0).all()


def test_a_redrawn_curriculum_shows_other_images_in_each_epoch():
    first, second, _ = (np.sort(chosen) for chosen in epochs_of("weighted", "confident_first"))
    assert not np.array_equal(first, second)


def spied(data, **sampler):
    """The labels and the teacher's answers that two epochs of a trainer show, in their order."""
    trainer = trainer_of(
        data, run={"loss": DISTILLED}, cached=teachers_logits(data), epochs=2, sampler=sampler
    )
    epochs, inner = [], trainer.signals_of

    def signals(part, chosen, view, parameters=None):
        found = inner(part, chosen, view, parameters)
        if view is not None:
            epochs[-1].append(chosen)
        return found

    trainer.signals_of = signals
    trainer._train, train = lambda epoch: epochs.append([]) or train(epoch), trainer._train
    trainer.run(say=quiet)
    return trainer, [torch.cat(chosen) for chosen in epochs]


def test_a_trainer_shows_what_its_sampler_says(packed):
    """Sorted by the greatest probability that the cached teacher gives in the first view."""
    trainer, epochs = spied(packed(3), draw="weighted_frozen", order="confident_first")
    confidence = trainer.cached.train[0, 0].softmax(dim=1).max(dim=1).values
    assert len(epochs) == 2
    assert torch.equal(*epochs)
    assert (confidence[epochs[0]].diff() <= 0).all()
    assert len(epochs[0].unique()) < len(trainer.train_part)


def test_without_a_sampler_every_image_is_shown_in_another_order_each_epoch(packed):
    trainer, epochs = spied(packed(3), draw="every_image", order="random")
    assert not torch.equal(*epochs)
    for epoch in epochs:
        assert torch.equal(epoch.sort().values, torch.arange(len(trainer.train_part)))
