"""Turned views: which are kept, and the loss of SSKD's first phase."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchdistill.losses.mid_level import AuxSSKDLoss

from skinkd.self_supervision import contrastive, over_kept, picture_major, rank_of, similarities, sources


def projections(batch=5, features=4):
    """Outputs of a self-supervision head, (4, batch, features)."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(4, batch, features, dtype=torch.float64, generator=generator)


def test_the_first_phase_is_that_of_sskd():
    views = projections().requires_grad_()
    interleaved = views.transpose(0, 1).flatten(0, 1)
    theirs = AuxSSKDLoss("head", "output")({}, {"head": {"output": interleaved}})
    expected = torch.autograd.grad(theirs, views)[0]
    ours = contrastive(views).mean()
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(torch.autograd.grad(ours, views)[0], expected)


def test_cosines_have_no_temperature_so_the_loss_has_a_floor():
    """Perfect projections of two pictures: cosines 1 and -1."""
    perfect = torch.tensor([[1.0, 0.0], [-1.0, 0.0]]).double().expand(4, 2, 2)
    floor = torch.log1p(torch.exp(torch.tensor(-2.0).double()))
    torch.testing.assert_close(contrastive(perfect), floor.expand(6))


def test_rows_are_a_pictures_views_one_after_another():
    views = projections()
    rows = picture_major(views[1:])
    torch.testing.assert_close(rows[4], views[2, 1])
    assert sources(rows).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    cosine = torch.nn.functional.cosine_similarity(views[2, 1], views[0, 3], dim=0)
    torch.testing.assert_close(similarities(views)[4, 3], cosine)


def test_the_kept_share_is_rounded_down_as_python_does():
    """100 × 0.29 is 28.999999999999996."""
    scores = torch.tensor([[1.0, 0.0]]).expand(100, 2)
    kept = over_kept(torch.ones(100), scores, torch.ones(100, dtype=torch.int64), 0.29)
    assert int(kept.count_nonzero()) == int(100 * 0.29) == 28


@given(
    st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=12),
    st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 0.75, 0.9, 1.0]),
)
def test_kept_rows_are_those_of_a_loop(scores, share):
    """Also where scores are equal: then the earlier choice, and the earlier row, comes first."""
    targets = [index % 4 for index in range(len(scores))]
    ranks = [
        sorted(range(4), key=lambda choice, row=row: (-row[choice], choice)).index(target)
        for row, target in zip(scores, targets, strict=True)
    ]
    right = [index for index, rank in enumerate(ranks) if rank == 0]
    wrong = sorted((rank, index) for index, rank in enumerate(ranks) if rank > 0)
    kept = {*right, *(index for _, index in wrong[: int(len(wrong) * share)])}
    values = torch.arange(1.0, len(scores) + 1, dtype=torch.float64)
    given_scores, given_targets = torch.tensor(scores).double(), torch.tensor(targets)
    assert rank_of(given_targets, given_scores).tolist() == ranks
    found = over_kept(values, given_scores, given_targets, share)
    assert set(found.nonzero()[:, 0].tolist()) == kept
    mean = sum(index + 1 for index in kept) / len(kept) if kept else 0.0
    assert float(found.mean()) == pytest.approx(mean)
