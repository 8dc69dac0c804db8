"""A killed run resumes to the same bits, or says why it starts over; a saved network is the network."""

import copy
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from training_examples import (
    DISTILLED,
    IMITATING,
    SGD,
    Killed,
    assert_equal_bits,
    kill_after,
    online_teacher,
    quiet,
    teachers_logits,
    trainer_of,
    weights_of,
)

from skinkd import unfinished
from skinkd.checkpoints import digest_of_tensors, load_network, read_description, save_network
from skinkd.errors import InputError
from skinkd.fingerprints import fingerprint_of
from skinkd.interruptions import Interrupted
from skinkd.unfinished import Keeper, forget_checkpoint, resume, save_checkpoint

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
    assert said == [f"resuming from epoch {epochs + 1}, batch 1"]
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


ARMS = {
    "plain": {"network": ("resnet", {"depth": 10, "head": "dropout_batch_norm"})},
    "cached": {"run": {"loss": DISTILLED}},
    "maps": {"network": ("mobilenet_v2", {"width": 0.35}), "run": {"loss": IMITATING}},
    "curriculum": {
        "run": {"loss": DISTILLED},
        "sampler": {"draw": "every_image", "order": "confident_first"},
    },
}


@pytest.fixture(scope="module", params=ARMS)
def arm(request, packed):
    """How to make a trainer of an arm, and the arm's run to its end."""
    data, told = packed(3), dict(ARMS[request.param])
    if request.param in ("cached", "curriculum"):
        told["cached"] = teachers_logits(data)
    if request.param == "maps":
        told["teacher"] = online_teacher(data)

    def make():
        return trainer_of(data, epochs=2, **told)

    expected = make()
    expected.run(say=quiet)
    return make, expected


def steps_in(make) -> int:
    """The batches after which a run may be killed."""
    seen = []
    make().run(say=quiet, after_batch=seen.append)
    return len(seen)


def test_a_run_killed_after_any_batch_resumes_to_the_same_bits(arm, tmp_path):
    """In the middle of training, after its last batch, and while it is validated."""
    make, expected = arm
    for step in range(1, steps_in(make) + 1):
        path, batches = tmp_path / f"{step}.pt", []

        def kill(trainer, path=path, batches=batches, step=step):
            batches.append(trainer)
            if len(batches) == step:
                save_checkpoint(path, trainer, "this run")
                raise Killed

        with pytest.raises(Killed):
            make().run(say=quiet, after_batch=kill)
        resumed = make()
        torch.rand(step)
        resume(path, resumed, "this run", say=quiet)
        resumed.run(say=quiet)
        assert resumed.history == expected.history
        assert_equal_bits(weights_of(resumed.network), weights_of(expected.network))


def test_a_resumed_run_says_where_it_goes_on(packed, tmp_path):
    make, path, said = (lambda: trainer_of(packed(3))), tmp_path / "run.pt", []
    asked = SimpleNamespace(is_due=False)
    keeper = Keeper(path, "this run", asked)

    def ask(trainer):
        asked.is_due = len(trainer.history) == 1 and len(trainer.midway.losses) == 2
        keeper.after_batch(trainer)

    with pytest.raises(Interrupted, match="stopped in epoch 2; run again, it goes on from there"):
        make().run(say=quiet, after_epoch=keeper.after_epoch, after_batch=ask)
    resume(path, make(), "this run", say=said.append)
    assert said == ["resuming from epoch 2, batch 3 (0 batches lost)"]
    forget_checkpoint(path)
    assert list(tmp_path.iterdir()) == []


def test_long_epochs_are_saved_by_the_clock(packed, tmp_path, monkeypatch):
    clock, saved = [0.0], []
    monkeypatch.setattr(unfinished.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(unfinished, "save_checkpoint", lambda *told: saved.append(clock[0]))
    keeper = Keeper(tmp_path / "run.pt", "this run", SimpleNamespace(is_due=False))
    trainer = SimpleNamespace(history=[], midway=SimpleNamespace(losses=[]), look=list)
    for second in range(1300):
        clock[0] = float(second)
        keeper.after_batch(trainer)
    assert saved == [601.0, 1202.0]


def interrupted_twice(path, data):
    """A run that left two checkpoints: after its first epoch, and after its second."""
    with pytest.raises(Killed):
        trainer_of(data).run(say=quiet, after_epoch=kill_after(2, path))


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_bit(path):
    """Of a weight: torch would not notice."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    "damage",
    [cut, flip_a_bit, lambda path: path.write_bytes(b""), lambda path: torch.save([1, 2], path), Path.unlink],
    ids=["cut in half", "one bit", "empty", "something else", "gone"],
)
def test_the_checkpoint_before_a_damaged_one_is_taken_and_it_says_so(damage, packed, tmp_path):
    path, data, said = tmp_path / "run.pt", packed(3), []
    interrupted_twice(path, data)
    damage(path)
    resumed = trainer_of(data)
    resume(path, resumed, "this run", say=said.append)
    assert said[-1] == "resuming from epoch 2, batch 1"
    assert "is not what was written" in said[0] or damage is Path.unlink
    expected = trainer_of(data)
    for trainer in (resumed, expected):
        trainer.run(say=quiet)
    assert_equal_bits(weights_of(resumed.network), weights_of(expected.network))


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_kill_while_a_checkpoint_is_saved_leaves_one_that_is_whole(call, packed, tmp_path, monkeypatch):
    """Between any two of the names that files are given: the digests', the previous one's, the new one's."""
    path, data, said, calls = tmp_path / "run.pt", packed(3), [], []
    interrupted_twice(path, data)
    replace = os.replace

    def killed_at(*told):
        calls.append(told)
        if len(calls) == call:
            raise Killed
        replace(*told)

    trainer = trainer_of(data)
    resume(path, trainer, "this run", say=quiet)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(os, "replace", killed_at)
        save_checkpoint(path, trainer, "this run")
    resume(path, trainer_of(data), "this run", say=said.append)
    assert said == ["resuming from epoch 3, batch 1"]


def test_damaged_checkpoints_alone_start_over(packed, tmp_path):
    path, data, said = tmp_path / "run.pt", packed(3), []
    interrupted_twice(path, data)
    for file in (path, tmp_path / "run.pt.previous"):
        flip_a_bit(file)
    fresh = trainer_of(data)
    before = weights_of(fresh.network)
    resume(path, fresh, "this run", say=said.append)
    assert len(said) == 3
    assert said[-1] == "starting over"
    assert fresh.history == []
    assert_equal_bits(weights_of(fresh.network), before)


def test_digests_that_cannot_be_read_are_none(packed, tmp_path):
    path, data, said = tmp_path / "run.pt", packed(3), []
    interrupted_twice(path, data)
    (tmp_path / "run.pt.sha256").write_bytes(b"\xff\xfe\n")
    resume(path, trainer_of(data), "this run", say=said.append)
    assert said[-1] == "starting over"


def test_a_checkpoint_of_another_run_is_not_used_and_it_says_so(packed, tmp_path):
    path, data, said = tmp_path / "run.pt", packed(3), []
    interrupted_twice(path, data)
    fresh = trainer_of(data)
    resume(path, fresh, "another run", say=said.append)
    assert said == [
        f"{path} belongs to another config, other data or other code",
        f"it is kept as {path}.aside, in case this is undone",
        "starting over",
    ]
    assert fresh.history == []


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
    assert read == read_description(tmp_path / "network.safetensors")
    assert read == description | {"weights": digest_of_tensors(trainer.network.state_dict())}
    assert_equal_bits(weights_of(loaded), weights_of(trainer.network))


@pytest.mark.parametrize("content", [b"", b"not a network", None])
def test_a_file_that_is_no_network_is_refused(content, tmp_path):
    path = tmp_path / "network.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="is not a network of this project"):
        read_description(path)


SLOW, FAST = SGD | {"learning_rate": 0.01}, SGD | {"learning_rate": 0.05}


def named(values):
    """The fingerprint of a run that depends on values."""
    return fingerprint_of(paths=(), values=values)


def left_by(optimizer, path, data, epochs=1):
    """A run with an optimiser that resumes and is killed after an epoch; what it said, and its trainer."""
    trainer, said, name = trainer_of(data, optimizer=optimizer), [], named({"training": optimizer})
    resume(path, trainer, name, say=said.append)

    def kill(trainer):
        save_checkpoint(path, trainer, name)
        raise Killed

    with pytest.raises(Killed):
        trainer.run(say=quiet, after_epoch=kill)
    return said, trainer


def test_an_edit_that_is_undone_loses_nothing(packed, tmp_path):
    """Its line names what changed; each of the two runs goes on whenever it is its turn."""
    path, data = tmp_path / "run.pt", packed(3)
    expected = trainer_of(data, optimizer=SLOW)
    expected.run(say=quiet)
    assert left_by(SLOW, path, data)[0] == []
    said, _ = left_by(FAST, path, data)
    before, now = (named({"training": each})[:8] for each in (SLOW, FAST))
    assert said == [
        f"{path} belongs to another config, other data or other code (fingerprint {before}, now {now}): "
        "changed training.learning_rate 0.01 → 0.05",
        f"it is kept as {path}.aside, in case this is undone",
        "starting over",
    ]
    said, trainer = left_by(SLOW, path, data)
    assert said[-1] == "resuming from epoch 2, batch 1"
    assert trainer.history == expected.history[:2]
    said, trainer = left_by(FAST, path, data)
    assert said[-1] == "resuming from epoch 2, batch 1"
    assert trainer.restarts == 1
    said, trainer = left_by(SLOW, path, data)
    assert said[-1] == "resuming from epoch 3, batch 1"
    assert trainer.restarts == 2
    assert trainer.history == expected.history
    assert_equal_bits(weights_of(trainer.network), weights_of(expected.network))


def test_one_checkpoint_is_kept_aside_and_a_finished_run_leaves_it(packed, tmp_path):
    path, data = tmp_path / "run.pt", packed(3)
    for rate in (0.01, 0.02, 0.03):
        left_by(SGD | {"learning_rate": rate}, path, data)
    forget_checkpoint(path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["run.pt.aside", "run.pt.aside.sha256"]
    said, _ = left_by(SGD | {"learning_rate": 0.02}, path, data)
    assert said == ["resuming from epoch 2, batch 1"]
    assert not (tmp_path / "run.pt.aside").exists()


@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_a_kill_while_checkpoints_trade_places_loses_none(call, packed, tmp_path, monkeypatch):
    """Between any two of the names that files are given."""
    path, data, calls, replace = tmp_path / "run.pt", packed(3), [], os.replace
    left_by(SLOW, path, data)
    left_by(FAST, path, data)

    def killed_at(*told):
        calls.append(told)
        if len(calls) == call:
            raise Killed
        replace(*told)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(os, "replace", killed_at)
        resume(path, trainer_of(data, optimizer=SLOW), named({"training": SLOW}), say=quiet)
    for optimizer in (SLOW, FAST):
        said = []
        resume(path, trainer_of(data, optimizer=optimizer), named({"training": optimizer}), say=said.append)
        assert said[-1] == "resuming from epoch 2, batch 1", optimizer


def test_a_damaged_checkpoint_is_never_taken_for_the_one_before(packed, tmp_path):
    """The next one is saved over it, and keeps the good one."""
    path, data, said = tmp_path / "run.pt", packed(3), []
    interrupted_twice(path, data)
    flip_a_bit(path)
    trainer = trainer_of(data)
    resume(path, trainer, "this run", say=quiet)
    save_checkpoint(path, trainer, "this run")
    path.unlink()
    resume(path, trainer_of(data), "this run", say=said.append)
    assert said == ["resuming from epoch 2, batch 1"]


@pytest.mark.parametrize("killed_after", [1, 4, 9, 14])
def test_a_kill_costs_one_interval_and_says_what_it_cost(killed_after, packed, tmp_path, monkeypatch):
    """By a clock that goes 250 seconds on with every batch."""
    clock, path, data, steps, said = [0.0], tmp_path / "run.pt", packed(3, images=96), [], []
    monkeypatch.setattr(unfinished.time, "monotonic", lambda: clock[0])
    keeper = Keeper(path, "this run", SimpleNamespace(is_due=False))

    def train_and_be_killed(trainer):
        clock[0] += 250
        keeper.after_batch(trainer)
        steps.append((len(trainer.history), len(trainer.midway.losses)))
        if len(steps) == killed_after:
            raise Killed

    with pytest.raises(Killed):
        trainer_of(data).run(say=quiet, after_epoch=keeper.after_epoch, after_batch=train_and_be_killed)
    keeper.close()
    resumed = trainer_of(data)
    resume(path, resumed, "this run", say=said.append)
    if killed_after == 1:
        assert said == []
        return
    epoch, batch = steps[-1]
    lost = batch - (len(resumed.midway.losses) if resumed.midway else 0)
    assert len(resumed.history) == epoch
    assert lost * 250 <= unfinished.CHECKPOINT_S
    assert said[0].endswith(f"({lost} {'batch' if lost == 1 else 'batches'} lost)")


def test_a_network_says_how_often_its_run_was_resumed(packed, tmp_path):
    path, data = tmp_path / "run.pt", packed(3)
    restarts = []
    for _ in range(3):
        _, trainer = left_by(SLOW, path, data)
        restarts.append(trainer.restarts)
    assert restarts == [0, 1, 2]
