"""A loss that is not a number is noticed early, and says which batch, which term and which pictures."""

import numpy as np
import pandas as pd
import pytest
import torch
from jobs_examples import run_train
from training_examples import DISTILLED, RUN, SGD, quiet, teachers_logits, trainer_of, weights_of

from skinkd import unfinished
from skinkd.errors import InputError
from skinkd.interruptions import Interruption
from skinkd.not_finite import Diverged
from skinkd.predictions import Predictions, write_predictions
from skinkd.unfinished import Keeper, resume

WHITE = "I0_0025"  # an image of the training part
STILL = {"augmentation": "identity"}


@pytest.fixture(scope="module")
def bright(packed):
    """Pictures of which one in the training part is all white."""
    data = packed(3, images=96)
    assert data.split.set_index("image")["part"][WHITE] == "train"
    array = data.array.copy()
    array[data.split.set_index("image")["row"][WHITE]] = 255
    return data._replace(array=array)


def blinded(trainer):
    """The trainer, its network such that the logits of a white picture are infinite."""

    def overflow(module, given, logits):
        return logits.masked_fill(given[0].amin(dim=(1, 2, 3))[:, None] > 2, torch.inf)

    trainer.network.register_forward_hook(overflow)
    return trainer


def place_of(trainer, image):
    """The batch of the first epoch that shows an image, from 1, and that batch's images."""
    shown = [trainer.train_part.table["image"][chosen.numpy()].tolist() for chosen in trainer.batches(0)]
    [batch] = [index for index, images in enumerate(shown) if image in images]
    return batch + 1, shown[batch]


def test_batch_terms_and_picture_are_named(bright, tmp_path):
    run = STILL | {"loss": DISTILLED}
    trainer = blinded(trainer_of(bright, run=run, cached=teachers_logits(bright)))
    batch, images = place_of(trainer, WHITE)
    with pytest.raises(Diverged) as failure:
        trainer.run(say=quiet)
    assert (
        f"the loss is not finite in epoch 1, batch {batch}, at learning rate 0.02: "
        "weighted_cross_entropy nan, softened_divergence nan; "
        f"pictures whose logits are not finite: {WHITE}. "
    ) in str(failure.value)
    failure.value.list_pictures(tmp_path / "list.csv", say=quiet)
    listed = pd.read_csv(tmp_path / "list.csv")
    assert listed["image"].tolist() == images
    assert listed["image"][~listed["finite_logits"]].tolist() == [WHITE]
    assert set(listed["batch"]) == {batch}
    assert listed["term1_weighted_cross_entropy"].isna().all()


@pytest.mark.parametrize("every", [1, 2, 50])
def test_it_is_noticed_within_some_batches(every, bright, monkeypatch):
    monkeypatch.setattr("skinkd.training.LOOK_EVERY", every)
    trainer, batches = blinded(trainer_of(bright, run=STILL)), []
    place, _ = place_of(trainer, WHITE)
    with pytest.raises(Diverged):
        trainer.run(say=quiet, after_batch=batches.append)
    whole = len(trainer.batches(0))
    assert len(batches) == min(-(-place // every) * every - 1, whole)
    assert trainer.history == []


def test_looking_changes_no_bit(packed, monkeypatch):
    histories = []
    for every in (1, 50):
        monkeypatch.setattr("skinkd.training.LOOK_EVERY", every)
        trainer = trainer_of(packed(3), epochs=2)
        trainer.run(say=quiet)
        histories.append((trainer.history, weights_of(trainer.network)["features.0.weight"].tolist()))
    assert histories[0] == histories[1]


def test_nothing_that_is_not_a_number_is_saved(packed, tmp_path, monkeypatch):
    """The last good checkpoint stays: its losses are numbers."""
    monkeypatch.setattr(unfinished, "CHECKPOINT_S", -1)
    wild = {"optimizer": SGD | {"learning_rate": 1e20}}
    trainer, path = trainer_of(packed(3), **wild), tmp_path / "run.pt"
    with Interruption() as interruption, pytest.raises(Diverged, match="epoch 1, batch 2,"):
        trainer.run(say=quiet, after_batch=Keeper(path, "this run", interruption).after_batch)
    resumed = trainer_of(packed(3), **wild)
    resume(path, resumed, "this run", say=quiet)
    assert len(resumed.midway.losses) == 1
    assert torch.isfinite(resumed.midway.losses[0])
    assert resumed.best_epoch == 0
    assert all(torch.isfinite(value).all() for value in resumed.best_state["network"].values())


def test_a_validation_that_is_not_a_number_says_so(bright):
    part = bright.split["part"].replace({"train": "validation", "validation": "train"})
    swapped = bright._replace(split=bright.split.assign(part=part))
    with pytest.raises(Diverged, match=r"epoch 1 at learning rate 0\.02: validation_loss nan"):
        blinded(trainer_of(swapped, run=STILL)).run(say=quiet)


def test_a_job_lists_the_pictures_beside_its_log_until_it_ends_well(packed, tmp_path, capsys):
    wild = RUN["training"] | {"optimizer": SGD | {"learning_rate": 1e20}}
    run_train(packed(3), tmp_path, run=RUN | {"training": wild, "teaches": False})
    path = tmp_path / "logs" / "network.not-finite.csv"
    assert f"the pictures of that batch are listed in {path}" in capsys.readouterr().out
    assert len(pd.read_csv(path)) == RUN["training"]["batch_size"]
    run_train(packed(3), tmp_path)
    assert not path.exists()


def test_logits_that_are_not_numbers_are_not_written(tmp_path):
    logits = np.zeros((3, 2))
    logits[1, 0], logits[2, 1] = np.nan, np.inf
    names = np.array(["I1", "I2", "I3"], dtype=object)
    parts, labels = np.array(["test"] * 3, dtype=object), np.zeros(3, dtype=np.int64)
    wild = Predictions("p", "q", "a", 0, 0, ("A", "B"), names, names, parts, labels, logits)
    with pytest.raises(InputError, match=r"logits of 2 of 3 images are not finite .*: I2, I3\. Its scores"):
        write_predictions(tmp_path / "run.csv", wild)
    assert list(tmp_path.iterdir()) == []


def test_a_batch_larger_than_the_training_part_is_refused(packed, tmp_path):
    training = RUN["training"] | {"batch_size": 25}
    with pytest.raises(InputError, match=r"batch_size is 25, the training part has 24 images.*at most 24"):
        run_train(packed(3), tmp_path, run=RUN | {"training": training})
    with pytest.raises(InputError, match="batch_size is 25"):
        trainer_of(packed(3), batch_size=25)
    trainer_of(packed(3), batch_size=24, epochs=1).run(say=quiet)
