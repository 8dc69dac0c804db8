"""A killed run resumes to the same bits, or says why it starts over; a saved network is the network."""

import copy

import numpy as np
import pytest
import torch
from training_examples import (
    IMITATING,
    SGD,
    Killed,
    assert_equal_bits,
    kill_after,
    online_teacher,
    quiet,
    trainer_of,
    weights_of,
)

from skinkd.checkpoints import (
    fingerprint_of,
    load_network,
    read_description,
    resume,
    save_network,
)
from skinkd.errors import InputError

LONG = {
    "epochs": 9,
    "optimizer": SGD,
    "plateau": {"factor": 0.5, "patience": 1, "minimum": 1e-4},
    "early_stop_epochs": 4,
}


def unlearnable(data):
    """The same pictures with shuffled labels: validation soon worsens."""
    labels = np.random.default_rng(0).permutation(data.split["label"])
    return data._replace(split=data.split.assign(label=labels))


@pytest.fixture(scope="module")
def uninterrupted(packed):
    """A run whose rate falls and which stops early, and its pictures."""
    data = unlearnable(packed(3))
    trainer = trainer_of(data, **LONG)
    trainer.run(say=quiet)
    return data, trainer


@pytest.mark.parametrize("epochs", [1, 2, 3, 4])
def test_a_killed_run_resumes_to_the_same_bits(epochs, uninterrupted, tmp_path):
    (data, expected), path = uninterrupted, tmp_path / "unfinished" / "run.pt"
    rates = [record["learning_rate"] for record in expected.history]
    assert min(rates) < max(rates), "the plateau was never reached"
    assert epochs < len(expected.history) < LONG["epochs"], "it never stopped early"

    killed = trainer_of(data, **LONG)
    with pytest.raises(Killed):
        killed.run(say=quiet, after_epoch=kill_after(epochs, path))
    said, resumed = [], trainer_of(data, **LONG)
    torch.rand(5)
    resume(path, resumed, "this run", say=said.append)
    assert said == [f"resuming after epoch {epochs}"]
    for name in ("best_value", "best_epoch", "plateau_epochs", "history", "runtime_s"):
        assert getattr(resumed, name) == getattr(killed, name), name
    resumed.run(say=quiet)
    assert resumed.history == expected.history
    assert resumed.best_epoch == expected.best_epoch
    assert_equal_bits(weights_of(resumed.network), weights_of(expected.network))


def test_adapter_and_projection_resume_with_their_student(packed, tmp_path):
    """Into a trainer that was made from another seed: everything comes from the checkpoint."""
    data, path = packed(3), tmp_path / "run.pt"
    network = ("mobilenet_v2", {"width": 0.35})
    told = {
        "network": network,
        "teacher": online_teacher(data),
        "run": {"loss": IMITATING},
        "epochs": 2,
    }
    expected = trainer_of(data, **told)
    expected.run(say=quiet)
    with pytest.raises(Killed):
        trainer_of(data, **told).run(say=quiet, after_epoch=kill_after(1, path))
    resumed = trainer_of(data, seed=5, **told)
    resumed.seed = 0
    assert (next(resumed.helpers.parameters()) != next(expected.helpers.parameters())).any()
    resume(path, resumed, "this run", say=quiet)
    resumed.run(say=quiet)
    assert resumed.history == expected.history
    assert_equal_bits(weights_of(resumed.helpers), weights_of(expected.helpers))
    assert_equal_bits(weights_of(resumed.network), weights_of(expected.network))


def test_a_run_killed_after_its_last_epoch_trains_no_further(packed, tmp_path):
    path, data = tmp_path / "run.pt", packed(3)
    with pytest.raises(Killed):
        trainer_of(data, epochs=2).run(say=quiet, after_epoch=kill_after(2, path))
    resumed = trainer_of(data, epochs=2)
    resume(path, resumed, "this run", say=quiet)
    resumed.run(say=quiet, after_epoch=lambda trainer: pytest.fail("it trained another epoch"))
    assert_equal_bits(weights_of(resumed.network), resumed.best_state["network"])


def test_the_network_ends_with_the_selected_weights(uninterrupted):
    """And so do its helpers; later epochs have left no trace in them."""
    _, trainer = uninterrupted
    assert trainer.best_epoch < len(trainer.history)
    best = copy.deepcopy(trainer.best_state)
    assert_equal_bits(weights_of(trainer.network), best["network"])
    assert trainer.validate()["validation_loss"] == pytest.approx(
        trainer.history[trainer.best_epoch - 1]["validation_loss"]
    )


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("damage", "fingerprint", "expected"),
    [
        (
            lambda path: None,
            "another run",
            "belongs to another config, other data or other code; starting over",
        ),
        (cut, "this run", "cannot be read"),
        (lambda path: path.write_bytes(b""), "this run", "cannot be read"),
        (lambda path: torch.save([1, 2], path), "this run", "belongs to another config"),
    ],
    ids=["another config", "cut in half", "empty", "something else"],
)
def test_a_checkpoint_that_does_not_fit_is_not_used_and_it_says_so(
    damage, fingerprint, expected, packed, tmp_path
):
    path, data = tmp_path / "run.pt", packed(3)
    with pytest.raises(Killed):
        trainer_of(data).run(say=quiet, after_epoch=kill_after(1, path))
    damage(path)
    fresh, said = trainer_of(data), []
    before = weights_of(fresh.network)
    resume(path, fresh, fingerprint, say=said.append)
    assert len(said) == 1
    assert expected in said[0]
    assert "starting over" in said[0]
    assert fresh.history == []
    assert_equal_bits(weights_of(fresh.network), before)


def test_without_a_checkpoint_nothing_is_said(packed, tmp_path):
    resume(tmp_path / "none.pt", trainer_of(packed(3)), "", say=pytest.fail)


def test_a_fingerprint_changes_with_every_file_and_value(tmp_path):
    path = tmp_path / "split.csv"
    path.write_text("one", encoding="utf-8")
    base = fingerprint_of(paths=[path], values={"epochs": 3, "network": {"depth": 10}})
    assert base == fingerprint_of(paths=[path], values={"network": {"depth": 10}, "epochs": 3})
    assert base != fingerprint_of(paths=[path], values={"epochs": 4, "network": {"depth": 10}})
    assert base != fingerprint_of(paths=[path], values={"epochs": 3, "network": {"depth": 18}})
    path.write_text("two", encoding="utf-8")
    assert base != fingerprint_of(paths=[path], values={"epochs": 3, "network": {"depth": 10}})


def test_a_saved_network_is_the_network(packed, tmp_path):
    trainer = trainer_of(packed(3), network=("resnet", {"depth": 10}), epochs=1)
    trainer.run(say=quiet)
    description = {
        "network": {"name": "resnet", "parameters": {"depth": 10}},
        "classes": ["C0", "C1", "C2"],
        "size_px": 32,
    }
    save_network(tmp_path / "network.safetensors", trainer.network, description)
    loaded, read = load_network(tmp_path / "network.safetensors")
    assert read == description == read_description(tmp_path / "network.safetensors")
    assert_equal_bits(weights_of(loaded), weights_of(trainer.network))


@pytest.mark.parametrize("content", [b"", b"not a network", None])
def test_a_file_that_is_no_network_is_refused(content, tmp_path):
    path = tmp_path / "network.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="is not a network of this project"):
        read_description(path)
