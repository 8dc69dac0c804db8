"""The jobs write all that they promise, resume, and say where a training diverged."""

import numpy as np
import pandas as pd
import pytest
import torch
from jobs_examples import run_projection, run_train
from safetensors.torch import load_file
from training_examples import (
    CPU,
    IMITATING,
    RUN,
    SGD,
    Killed,
    assert_equal_bits,
    network_of,
    parts_of,
    weights_of,
)

from skinkd.atomic import digest_of
from skinkd.checkpoints import load_network, read_description
from skinkd.dataset import Part, predict_logits
from skinkd.errors import InputError
from skinkd.predictions import read_predictions
from skinkd.runs import read_projection
from skinkd.unfinished import save_checkpoint

RESNET = {"name": "resnet", "parameters": {"depth": 10}}
IMITATOR = RUN | {"arm": "imitator", "network": RESNET, "loss": IMITATING, "teaches": False}
WILD = RUN["training"] | {"optimizer": SGD | {"learning_rate": 1e20}}


@pytest.fixture(scope="module")
def imitation(packed, tmp_path_factory):
    """Pictures, a trained teacher and its self-supervision head."""
    data, folder = packed(3), tmp_path_factory.mktemp("imitation")
    teacher = run_train(data, folder, run=RUN | {"network": RESNET}, name="teacher")
    return data, teacher, run_projection(data, folder, teacher)


@pytest.fixture(scope="module")
def alone(packed, tmp_path_factory):
    """Pictures, and a network of the job `train`."""
    data = packed(3)
    return data, run_train(data, tmp_path_factory.mktemp("alone"))


def test_a_job_writes_network_history_and_predictions_and_leaves_no_checkpoint(alone):
    _, path = alone
    found = sorted(str(file.relative_to(path.parent)) for file in path.parent.rglob("*") if file.is_file())
    assert found == ["network-predictions.csv", "network.csv", "network.safetensors"]


def test_a_network_says_what_it_is_and_what_it_cost(alone):
    data, path = alone
    network, description = load_network(path)
    for key in ("paper", "protocol", "arm", "fold", "seed", "source", "network", "initial"):
        assert description[key] == RUN[key]
    assert description["classes"] == list(data.classes)
    assert description["size_px"] == 32
    assert description["split"] == digest_of(data.path_to_split)
    assert description["parameters"] == sum(parameter.numel() for parameter in network.parameters())
    assert (description["best_epoch"], description["diverged_epoch"]) == (2, None)
    assert description["prediction_images"] == len(data.split[data.split["part"] != "train"])
    assert description["precision"] == "float32"
    for key in ("macs", "size_mb", "training_runtime_s", "prediction_runtime_s", "inference_step_ms"):
        assert description[key] > 0, key


def test_a_history_has_a_row_for_each_epoch_and_what_each_term_weighs(alone):
    history = pd.read_csv(alone[1].with_suffix(".csv"))
    assert history["epoch"].tolist() == [1, 2]
    assert set(history) == {
        *("epoch", "train_loss", "train_accuracy", "learning_rate"),
        *("validation_loss", "validation_hard_loss", "validation_accuracy", "validation_balanced_accuracy"),
        *("term1_value", "term1_gradient"),
    }
    assert history["term1_gradient"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("predicted", [["validation", "test"], ["train", "validation", "test"]])
def test_predictions_are_the_networks_logits(predicted, packed, tmp_path):
    """Of the parts that the run asks for, unaugmented."""
    data = packed(3)
    path = run_train(data, tmp_path, run=RUN | {"predicted": predicted})
    found = read_predictions(tmp_path / "network-predictions.csv")
    assert set(found.parts) == set(predicted)
    assert (found.paper, found.protocol, found.arm) == ("a_paper", "leak_free", "teacher")
    network, _ = load_network(path)
    for name in predicted:
        table = data.split[data.split["part"] == name]
        part = Part(data.array, table, data.classes, augmentation="identity", view_seed=0, device="cpu")
        rows = found.parts == name
        assert found.images[rows].tolist() == part.table["image"].tolist()
        assert found.labels[rows].tolist() == part.labels.tolist()
        np.testing.assert_allclose(found.logits[rows], predict_logits(network, part, CPU), atol=1e-4)


def test_a_network_starts_from_its_weights_and_its_seed(packed, tmp_path):
    """With a rate of nearly nothing it also ends there; an offset is a seed of its own."""
    still = {"training": RUN["training"] | {"optimizer": SGD | {"learning_rate": 1e-30}}}

    def trained(name, initial=None, **changes):
        path = run_train(packed(3), tmp_path, run=RUN | still | changes, initial=initial, name=name)
        return path, load_file(path)

    path, first = trained("first")
    torch.manual_seed(0)
    expected = weights_of(network_of(packed(3)))
    torch.testing.assert_close({key: first[key] for key in expected}, expected)
    _, other = trained("other", seed_offset=1)
    assert not torch.equal(other["features.0.weight"], first["features.0.weight"])
    _, initial = trained("initial", initial=path, seed_offset=1)
    assert torch.equal(initial["features.0.weight"], first["features.0.weight"])
    assert torch.equal(initial["classifier.weight"], other["classifier.weight"])


def test_an_online_student_is_taught_by_network_and_head(imitation, tmp_path):
    data, teacher, head = imitation
    path = run_train(data, tmp_path, run=IMITATOR, teachers=[teacher], projections=[head])
    history = pd.read_csv(tmp_path / "network.csv")
    shares = history[[f"term{index}_gradient" for index in range(1, 7)]]
    assert (shares > 0).all(axis=None)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    # The adapter and the student's own head are no part of what is kept.
    assert load_file(path).keys() == load_file(teacher).keys()


def test_a_head_belongs_to_its_teacher(imitation):
    _, teacher, head = imitation
    assert read_description(head)["teacher"] == digest_of(teacher)
    history = pd.read_csv(head.with_suffix(".csv"))
    assert history["learning_rate"].tolist() == pytest.approx([0.1, 0.01])
    projected = read_projection(head, teacher)(torch.zeros(5, 512))
    assert projected.shape == (5, 512)


def test_a_head_of_another_teacher_is_refused(imitation, tmp_path):
    data, _, head = imitation
    other = run_train(data, tmp_path, run=RUN | {"network": RESNET, "seed": 1}, name="other")
    with pytest.raises(InputError, match=r"projection\.safetensors was trained on another teacher"):
        run_train(data, tmp_path, run=IMITATOR, teachers=[other], projections=[head])
    assert not (tmp_path / "network.safetensors").exists()


def test_a_damaged_head_is_refused(imitation, tmp_path):
    _, teacher, head = imitation
    path = tmp_path / "projection.safetensors"
    path.write_bytes(head.read_bytes()[:100])
    with pytest.raises(InputError, match="is not a network of this project"):
        read_projection(path, teacher)


def killing_save(path, trainer, fingerprint):
    save_checkpoint(path, trainer, fingerprint)
    raise Killed


def test_a_killed_job_resumes_unless_its_config_or_code_changed(packed, tmp_path, capsys, monkeypatch):
    data, code = packed(3), tmp_path / "loss.py"
    code.write_text("before", encoding="utf-8")
    expected = load_file(run_train(data, tmp_path, code=[code], name="uninterrupted"))

    def kill():
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr("skinkd.unfinished.save_checkpoint", killing_save)
            run_train(data, tmp_path, code=[code])
        capsys.readouterr()

    kill()
    assert_equal_bits(load_file(run_train(data, tmp_path, code=[code])), expected)
    assert "resuming from epoch 2, batch 1 (0 batches lost)" in capsys.readouterr().out
    kill()
    other = load_file(run_train(data, tmp_path, code=[code], run=RUN | {"seed": 1}))
    assert "starting over" in capsys.readouterr().out
    assert not torch.equal(other["features.0.weight"], expected["features.0.weight"])
    kill()
    code.write_text("after", encoding="utf-8")
    run_train(data, tmp_path, code=[code])
    assert "starting over" in capsys.readouterr().out


def test_a_killed_head_resumes(imitation, tmp_path, capsys, monkeypatch):
    data, teacher, head = imitation
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("skinkd.unfinished.save_checkpoint", killing_save)
        run_projection(data, tmp_path, teacher)
    resumed = run_projection(data, tmp_path, teacher)
    assert "resuming from epoch 2, batch 1 (0 batches lost)" in capsys.readouterr().out
    assert_equal_bits(load_file(resumed), load_file(head))
    assert not (tmp_path / "unfinished" / "projection.pt").exists()


def test_a_diverged_training_keeps_its_best_finite_weights_and_says_when(packed, tmp_path, capsys):
    """Two epochs without a better one raise the rate beyond all bounds."""
    plateau = {"factor": 1e25, "patience": 1, "minimum": 1e-6}
    training = RUN["training"] | {"plateau": plateau, "epochs": 20, "selection": "validation_loss"}
    training["optimizer"] = SGD | {"learning_rate": 0.5}
    path = run_train(packed(3), tmp_path, run=RUN | {"training": training, "teaches": False})
    description, history = read_description(path), pd.read_csv(tmp_path / "network.csv")
    assert 1 < description["diverged_epoch"] == len(history) + 1 < 20
    assert description["best_epoch"] == 1 + history["validation_loss"].argmin()
    assert "are kept, and the report says so" in capsys.readouterr().out
    validation = parts_of(packed(3))["validation"]
    logits = predict_logits(load_network(path)[0], validation, CPU)
    loss = torch.nn.functional.cross_entropy(logits, validation.labels)
    assert float(loss) == pytest.approx(history["validation_loss"].min(), rel=1e-4)


def test_what_diverges_at_once_keeps_what_it_started_from(packed, tmp_path):
    run = RUN | {"training": WILD, "teaches": False}
    path = run_train(packed(3), tmp_path, run=run)
    torch.manual_seed(0)
    assert_equal_bits(load_file(path), weights_of(network_of(packed(3))))
    description = read_description(path)
    assert (description["best_epoch"], description["diverged_epoch"]) == (0, 1)
    assert pd.read_csv(tmp_path / "network.csv").empty


def test_nobody_learns_from_a_network_that_diverged(packed, tmp_path):
    with pytest.raises(InputError, match="not finite in epoch 1"):
        run_train(packed(3), tmp_path, run=RUN | {"training": WILD, "teaches": True})
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"network.not-finite.csv", "network.pt.reached"}
