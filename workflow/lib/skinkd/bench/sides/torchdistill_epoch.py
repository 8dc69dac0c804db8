"""An epoch of distillation by torchdistill's public API: decoding workers, an online teacher in float32."""

import torch
from torchdistill.core.distillation import DistillationBox, get_distillation_box

from skinkd.bench.files import First, InOrder, PictureFiles
from skinkd.bench.ours import BATCH, SGD, SHARE, TEMPERATURE
from skinkd.bench.scene import Scene, parts_of
from skinkd.bench.students import network_of
from skinkd.checkpoints import load_network
from skinkd.isic import CLASSES

WORKERS = 2
# The output of the model itself.
LOGITS = (("path", "."), ("io", "output"))


def prepare(
    scene: dict, size_px: int, network: str, pictures: int, batch: int = BATCH, workers: int = WORKERS
):
    """One epoch of the first `pictures` each time; the workers live on from epoch to epoch."""
    scene = Scene(**scene)
    files = First(PictureFiles(scene, parts_of(scene, size_px, "cpu")["train"]), pictures)
    torch.manual_seed(0)
    student = network_of(network, len(CLASSES), size_px)
    teacher = load_network(scene.path_to_teacher(size_px))[0].eval()
    box = box_of(teacher, student, files, batch, workers)
    loss = first_loss(box)
    return lambda: {"images": epoch(box), "loss": loss}


def box_of(teacher, student, files: First, batch: int, workers: int) -> DistillationBox:
    """torchdistill's distillation, configured as its examples are."""
    return get_distillation_box(
        teacher,
        student,
        {"train": files},
        config_of(batch, workers),
        torch.device("cpu"),
        None,
        distributed=False,
        lr_factor=1,
    )


def config_of(batch: int, workers: int) -> dict:
    """The words of a torchdistill config."""
    sgd = {"lr": SGD["learning_rate"], "momentum": SGD["momentum"], "weight_decay": SGD["weight_decay"]}
    loader = {"batch_size": batch, "num_workers": workers, "persistent_workers": workers > 0}
    logits = {f"{who}_module_{what}": at for who in ("student", "teacher") for what, at in LOGITS}
    distillation = {"key": "KDLoss", "kwargs": {**logits, "temperature": TEMPERATURE, "alpha": SHARE}}
    term = {"criterion": distillation, "weight": 1.0}
    return {
        "num_epochs": 1,
        "train_data_loader": {
            "dataset_id": "train",
            "sampler": {"class_or_func": InOrder},
            "kwargs": loader,
        },
        "teacher": {"forward_proc": "forward_batch_only", "requires_grad": False},
        "student": {"forward_proc": "forward_batch_only"},
        "optimizer": {"key": "SGD", "kwargs": sgd},
        "criterion": {"key": "WeightedSumLoss", "kwargs": {"sub_terms": {"kd": term}}},
    }


def epoch(box: DistillationBox) -> int:
    """Train on every picture once, as torchdistill's examples do; how many pictures there were."""
    pictures = 0
    box.pre_epoch_process(epoch=0)
    for sample_batch, targets, supp_dict in box.train_data_loader:
        loss = box.forward_process(sample_batch, targets, supp_dict)
        box.post_forward_process(loss=loss)
        pictures += len(targets)
    box.post_epoch_process()
    return pictures


def first_loss(box: DistillationBox) -> float:
    """The loss of the first batch before any step."""
    files, batch = box.dataset_dict["train"], box.train_data_loader.batch_size
    items = [files[index] for index in range(min(batch, len(files)))]
    pictures, labels = torch.stack([item[0] for item in items]), torch.tensor([item[1] for item in items])
    box.student_model.train()
    with torch.no_grad():
        return float(box.forward_process(pictures, labels, {}))
