"""Small parts, teachers, trainers and jobs that the tests of training share."""

import torch
from torch import nn

from skinkd.dataset import Part
from skinkd.device import Device
from skinkd.networks import build_network
from skinkd.runs import make_trainer
from skinkd.teachers import OnlineTeacher, TeacherLogits
from skinkd.unfinished import save_checkpoint

CPU = Device("cpu", "float32")
SGD = {"name": "sgd", "learning_rate": 0.02, "momentum": 0.9, "weight_decay": 1e-3}
ALONE = [{"name": "cross_entropy", "weight": 1.0}]
DISTILLED = [
    {"name": "weighted_cross_entropy", "weight": 0.5},
    {"name": "softened_divergence", "weight": 0.5, "temperature": 4.0, "scaled": True},
]
MAPS = [
    *DISTILLED,
    {"name": "fitnet", "weight": 1.0, "adapter": "convolution_batch_norm_relu"},
    {"name": "angle_relation", "weight": 1.0},
]
TURNED = [
    {"name": "rotated_divergence", "weight": 1.0, "temperature": 4.0, "kept_share": 1.0},
    {"name": "similarity_divergence", "weight": 1.0, "temperature": 0.5, "kept_share": 0.75},
]
# Everything that an online teacher may be asked for.
IMITATING = [*MAPS, *TURNED]
TRAINING = {
    "epochs": 3,
    "batch_size": 8,
    "optimizer": SGD,
    "plateau": None,
    "early_stop_epochs": None,
    "sampler": {"draw": "every_image", "order": "random"},
    "selection": "validation_loss",
}
# What a job is told.
RUN = {
    "paper": "a_paper",
    "protocol": "leak_free",
    "arm": "teacher",
    "fold": 0,
    "seed": 0,
    "seed_offset": 0,
    "source": "noise",
    "network": {"name": "dsnet", "parameters": {}},
    "initial": None,
    "initial_sha256": None,
    "loss": ALONE,
    "control": None,
    "teaches": True,
    "training": TRAINING | {"epochs": 2, "selection": "last"},
    "augmentation": "ssd_kd",
    "views": 2,
    "view_seed": 0,
    "predicted": ["validation", "test"],
}


def parts_of(data, augmentation="ssd_kd", view_seed=0):
    """Training and validation part of packed pictures, by name."""
    return {
        name: Part(
            data.array,
            data.split[data.split["part"] == name],
            data.classes,
            augmentation=augmentation,
            view_seed=view_seed,
            device="cpu",
        )
        for name in ("train", "validation")
    }


def network_of(data, name="dsnet", **parameters):
    """A network for packed pictures, from torch's global random state."""
    return build_network(name, len(data.classes), data.array.shape[1], parameters)


def trainer_of(data, *, network=("dsnet", {}), cached=None, teacher=None, run=None, seed=0, **training):
    """A trainer from a seed; `run` and `training` say what differs from `RUN` and `TRAINING`."""
    torch.manual_seed(seed)
    told = RUN | {"seed": seed} | (run or {}) | {"training": TRAINING | training}
    parts = parts_of(data, told["augmentation"], told["view_seed"])
    return make_trainer(network_of(data, network[0], **network[1]), parts, told, CPU, cached, teacher)


def teachers_logits(data, teachers=1, views=2, seed=9):
    """Logits that favour the label, as a teacher's would."""
    generator = torch.Generator().manual_seed(seed)
    parts, classes = parts_of(data), len(data.classes)
    said = []
    for part, shape in ((parts["train"], (teachers, views)), (parts["validation"], (teachers,))):
        noise = torch.randn(*shape, len(part), classes, generator=generator)
        said.append(noise + 3 * nn.functional.one_hot(part.labels, classes))
    return TeacherLogits(*said)


def online_teacher(data, *, name="resnet", projects=True, seed=1, **parameters):
    """A frozen teacher with a self-supervision head, both untrained."""
    from skinkd.adapters import projection_head
    from skinkd.networks import map_channels

    torch.manual_seed(seed)
    network = network_of(data, name, **(parameters or {"depth": 10}))
    head = projection_head(map_channels(network, data.array.shape[1])) if projects else None
    for module in filter(None, (network, head)):
        module.eval().requires_grad_(False)
    return OnlineTeacher(network, head, CPU)


def quiet(_):
    """Says nothing."""


def weights_of(network):
    """A copy of a network's state."""
    return {key: value.clone() for key, value in network.state_dict().items()}


def assert_equal_bits(found, expected):
    """Two states hold the same numbers."""
    assert found.keys() == expected.keys()
    for key in expected:
        assert torch.equal(found[key], expected[key]), key


class Killed(Exception):
    """Stands for a job that was killed."""


def kill_after(epochs, path):
    """A hook that saves a checkpoint each epoch and ends the run after some."""

    def after_epoch(trainer):
        save_checkpoint(path, trainer, "this run")
        if len(trainer.history) == epochs:
            raise Killed

    return after_epoch
