"""What each term weighs in the training, and that measuring it changes nothing."""

import numpy as np
import pytest
import torch
from training_examples import (
    DISTILLED,
    assert_equal_bits,
    online_teacher,
    quiet,
    teachers_logits,
    trainer_of,
    weights_of,
)

from skinkd.gradients import gradient_shares
from skinkd.losses import objective
from skinkd.terms import INERT_SHARE
from skinkd.training import Trainer

RELATIONS = [*DISTILLED, {"name": "fitnet", "weight": 1.0, "adapter": "linear"}]


def test_shares_by_hand():
    """Gradients (3, 4) with norm 5, (0, 12) and 9 of another parameter with norm 15."""
    first, second = torch.tensor([1.0, 1.0], requires_grad=True), torch.tensor(1.0, requires_grad=True)
    values = [3 * first[0] + 4 * first[1], 12 * first[1] + 9 * second]
    assert gradient_shares(values, [first, second]).tolist() == pytest.approx([0.25, 0.75])
    assert gradient_shares(values, [first]).tolist() == pytest.approx([5 / 17, 12 / 17])


def test_the_graph_is_kept():
    place = torch.tensor(2.0, requires_grad=True)
    values = [place**2, place**3]
    assert gradient_shares(values, [place]).tolist() == pytest.approx([4 / 16, 12 / 16])
    assert place.grad is None
    sum(values).backward()
    assert float(place.grad) == 16


def test_a_single_term_is_everything():
    assert gradient_shares([torch.tensor(1.0)], []).tolist() == [1.0]


def test_terms_that_do_not_reach_the_parameters_weigh_nothing():
    place, elsewhere = torch.tensor(1.0, requires_grad=True), torch.tensor(1.0, requires_grad=True)
    assert gradient_shares([2 * place, 5 * elsewhere], [place]).tolist() == [1.0, 0.0]
    assert gradient_shares([2 * elsewhere, 5 * elsewhere], [place]).tolist() == [0.0, 0.0]


def shares_of(trainer):
    """Each term's share by epoch."""
    trainer.run(say=quiet)
    terms = range(1, len(trainer.terms) + 1)
    return [[record[f"term{index}_gradient"] for index in terms] for record in trainer.history]


def test_an_inert_term_is_seen_however_large_its_value(packed):
    """A temperature of a million leaves no slope; the weight makes the value large all the same."""
    flat = {"name": "softened_cross_entropy", "weight": 100.0, "temperature": 1e6, "scaled": False}
    data = packed(3)
    trainer = trainer_of(data, run={"loss": [DISTILLED[0], flat]}, cached=teachers_logits(data), epochs=2)
    for hard, soft in shares_of(trainer):
        assert soft < INERT_SHARE < hard
        assert hard + soft == pytest.approx(1.0)
    assert trainer.history[0]["term2_value"] > 100 * trainer.history[0]["term1_value"]


def test_both_terms_of_distillation_are_seen(packed):
    data = packed(3)
    trainer = trainer_of(data, run={"loss": DISTILLED}, cached=teachers_logits(data), epochs=2)
    for hard, soft in shares_of(trainer):
        assert min(hard, soft) > 10 * INERT_SHARE
        assert hard + soft == pytest.approx(1.0)


def test_the_share_is_that_of_the_epochs_middle_batch(packed):
    """Recomputed by hand: the steps before it, then each term's gradient alone."""
    data = packed(3)
    told = {"network": ("resnet", {"depth": 10}), "run": {"loss": DISTILLED}, "cached": teachers_logits(data)}
    trainer, fresh = (trainer_of(data, epochs=1, batch_size=8, **told) for _ in range(2))
    [shares] = shares_of(trainer)
    batches = fresh.batches(0)
    middle = len(batches) // 2
    assert middle > 0
    torch.manual_seed(int(np.random.default_rng([fresh.seed, 0]).integers(2**31)))
    fresh.network.train()
    for chosen in batches[:middle]:
        fresh.optimizer.zero_grad()
        objective(fresh.terms, fresh.signals_of(fresh.train_part, chosen, 0, fresh._parameters(0))).backward()
        fresh.optimizer.step()
    signals = fresh.signals_of(fresh.train_part, batches[middle], 0, fresh._parameters(0))
    norms = []
    for term in fresh.terms:
        fresh.network.zero_grad()
        term.value(signals).backward(retain_graph=True)
        flat = torch.cat([parameter.grad.flatten() for parameter in fresh.network.parameters()])
        norms.append(float(flat.norm()))
    assert shares == pytest.approx([norm / sum(norms) for norm in norms], rel=1e-4)


@pytest.mark.parametrize(
    ("network", "loss", "online"),
    [
        (("resnet", {"depth": 10, "head": "dropout_batch_norm"}), DISTILLED, False),
        (("resnet", {"depth": 10}), RELATIONS, True),
    ],
    ids=["dropout", "adapter"],
)
def test_measuring_does_not_change_the_training(network, loss, online, packed, monkeypatch):
    """To the same bits as without it."""
    data = packed(3)

    def trained():
        told = {"teacher": online_teacher(data)} if online else {"cached": teachers_logits(data)}
        trainer = trainer_of(data, network=network, run={"loss": loss}, epochs=2, **told)
        trainer.run(say=quiet)
        return trainer

    measured = trained()
    monkeypatch.setattr(Trainer, "_weighed", lambda self, values: {})
    unmeasured = trained()
    assert "term1_gradient" in measured.history[0]
    assert "term1_gradient" not in unmeasured.history[0]
    assert_equal_bits(weights_of(measured.network), weights_of(unmeasured.network))
    assert_equal_bits(weights_of(measured.helpers), weights_of(unmeasured.helpers))
