"""Phase one of SSKD: only the head learns, and it learns to find a turned picture's own picture."""

import pytest
import torch
from training_examples import (
    CPU,
    Killed,
    assert_equal_bits,
    kill_after,
    network_of,
    parts_of,
    quiet,
    weights_of,
)

from skinkd.adapters import projection_head
from skinkd.networks import map_channels
from skinkd.projections import make_projection_trainer
from skinkd.self_supervision import contrastive
from skinkd.unfinished import resume

RECIPE = {
    "epochs": 6,
    "batch_size": 8,
    "learning_rate": 0.1,
    "momentum": 0.9,
    "weight_decay": 1e-3,
    "milestones": [2, 4],
    "early_stop_epochs": None,
}


def phase_one(data, **changes):
    """A trainer of a head on a resnet; both are untrained."""
    torch.manual_seed(0)
    network = network_of(data, "resnet", depth=10)
    head = projection_head(map_channels(network, data.array.shape[1]))
    run = {"seed": 0, "views": 2, "recipe": RECIPE | changes}
    return make_projection_trainer(network, head, parts_of(data), run, CPU)


@pytest.fixture(scope="module")
def trained(packed):
    """Pictures, and a trainer before and after its run."""
    data = packed(3, images=96, size_px=40)
    before, trainer = phase_one(data), phase_one(data)
    trainer.run(say=quiet)
    return data, before, trainer


def test_the_backbone_keeps_its_bits(trained):
    """Weights and batch norms' statistics; it is never in training mode."""
    _, before, after = trained
    assert_equal_bits(after.network.state_dict(), before.network.state_dict())
    assert not any(module.training for module in after.network.modules())
    assert not any(parameter.requires_grad for parameter in after.network.parameters())
    head = after.signals.projection
    assert {id(tensor) for group in after.optimizer.param_groups for tensor in group["params"]} == {
        id(tensor) for tensor in head.parameters()
    }
    for old, new in zip(before.signals.projection.parameters(), head.parameters(), strict=True):
        assert (old != new).any()


def test_the_heads_loss_falls(trained):
    """On training and on validation pictures."""
    _, before, trainer = trained
    losses = [record["validation_loss"] for record in trainer.history]
    assert min(losses) < before.validate()["validation_loss"] - 0.1
    assert trainer.history[-1]["train_loss"] < trainer.history[0]["train_loss"]


def test_the_head_that_is_kept_has_the_lowest_validation_loss(trained):
    _, _, trainer = trained
    losses = [record["validation_loss"] for record in trainer.history]
    assert trainer.best_epoch == 1 + losses.index(min(losses))
    part = trainer.validation_part
    with torch.no_grad():
        pictures = [part.batch(torch.arange(len(part)), None, turns) for turns in range(4)]
        trainer.network(torch.cat(pictures))
        embedding = trainer.signals._student_features.map.mean(dim=(2, 3))
        value = contrastive(trainer.signals.projection(embedding).unflatten(0, (4, len(part)))).mean()
    assert float(value) == pytest.approx(min(losses), rel=1e-5)


def test_milestones_lower_the_rate(trained):
    rates = [record["learning_rate"] for record in trained[2].history]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


def test_its_single_term_is_everything(trained):
    for record in trained[2].history:
        assert record["term1_gradient"] == 1.0
        assert "term2_gradient" not in record


def test_a_killed_phase_one_resumes_to_the_same_bits(trained, tmp_path):
    (data, _, expected), path = trained, tmp_path / "run.pt"
    with pytest.raises(Killed):
        phase_one(data).run(say=quiet, after_epoch=kill_after(3, path))
    resumed = phase_one(data)
    resume(path, resumed, "this run", say=quiet)
    assert len(resumed.history) == 3
    resumed.run(say=quiet)
    assert resumed.history == expected.history
    assert_equal_bits(weights_of(resumed.signals.projection), weights_of(expected.signals.projection))


def test_phase_one_stops_early(packed):
    """A rate of nearly nothing improves nothing that single precision can show."""
    trainer = phase_one(packed(3), learning_rate=1e-30, early_stop_epochs=2, milestones=[])
    trainer.run(say=quiet)
    assert (trainer.best_epoch, len(trainer.history)) == (1, 3)
