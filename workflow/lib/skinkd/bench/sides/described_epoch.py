"""An epoch of D-KD or SSD-KD as its authors describe their training, in our words.

Pictures are decoded and augmented one by one in every epoch; teacher and student run in float32, the teacher
beside the student; the losses are the plain ones of `skinkd.bench.literal_losses`.

Source: Wang et al., SSD-KD, MedIA 2023, sections 2 and 3.2.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader

from skinkd.bench import literal_losses
from skinkd.bench.files import First, PictureFiles
from skinkd.bench.ours import BATCH, trainer_on
from skinkd.bench.scene import Scene
from skinkd.bench.students import network_of
from skinkd.checkpoints import load_network
from skinkd.device import Device
from skinkd.losses.weighted_cross_entropy import class_weights
from skinkd.networks import Features
from skinkd.runs import read_projection
from skinkd.training import Trainer

WORKERS = 2


@dataclass
class Model:
    """A network whose last map is watched, with its self-supervision head where there is one."""

    network: nn.Module
    head: nn.Module | None

    def __post_init__(self):
        self.features = Features(self.network)

    def look(self, pictures: Tensor) -> dict[str, Tensor]:
        """Logits, last map, its means, and what the head makes of them."""
        logits = self.network(pictures)
        embedding = self.features.map.mean(dim=(2, 3))
        found = {"logits": logits, "map": self.features.map, "embedding": embedding}
        return found | ({"projection": self.head(embedding)} if self.head else {})


@dataclass
class Loop:
    """Everything that an epoch needs.

    Attributes:
        weights: of the classes, (classes,).
        loss: terms as in a config.
    """

    student: Model
    teacher: Model
    adapter: nn.Module
    loader: DataLoader
    optimizer: torch.optim.Optimizer
    weights: Tensor
    loss: list[dict]


def prepare(
    scene: dict,
    size_px: int,
    network: str,
    loss: list[dict],
    projects: bool,
    pictures: int,
    batch: int = BATCH,
    workers: int = WORKERS,
):
    """One epoch of the first `pictures` each time."""
    loop = loop_of(scene, size_px, network, loss, projects, pictures, batch, workers)
    first = first_loss(loop)
    return lambda: {"images": epoch(loop), "loss": first}


def loop_of(scene, size_px, network, loss, projects, pictures, batch, workers) -> Loop:
    """The loop, from the random weights with which our trainer starts."""
    # Not by way of `choose_device`, which sets this process up for our way to work.
    device = Device("cpu", "float32")
    started = trainer_on(
        device, scene, size_px, network, loss, teacher="online", projects=projects, batch=batch
    )
    scene = Scene(**scene)
    student = Model(_plain(started, network, size_px), started.signals.projection)
    trained = [*student.network.parameters(), *started.helpers.parameters()]
    files = PictureFiles(scene, started.train_part, turns=4 if projects else 1)
    loader = {"num_workers": workers, "persistent_workers": workers > 0}
    return Loop(
        student=student,
        teacher=_teacher_of(scene, size_px, projects),
        adapter=next(term.adapter for term in started.terms if term.adapter is not None),
        loader=DataLoader(First(files, pictures), batch_size=batch, **loader),
        optimizer=torch.optim.SGD(trained, lr=1e-3, momentum=0.9, weight_decay=1e-3),
        weights=class_weights(started.train_part.class_counts()).float(),
        loss=loss,
    )


def _plain(started: Trainer, network: str, size_px: int) -> nn.Module:
    """A trainer's network as torch builds it: in its own format, with its own layers."""
    plain = network_of(network, len(started.train_part.classes), size_px)
    plain.load_state_dict(started.network.state_dict())
    return plain


def _teacher_of(scene: Scene, size_px: int, projects: bool) -> Model:
    """The scene's teacher as it was saved, frozen."""
    path = scene.path_to_teacher(size_px)
    head = read_projection(scene.path_to_projection(size_px), path) if projects else None
    return Model(load_network(path)[0].eval(), head)


def epoch(loop: Loop) -> int:
    """Train on every picture once; how many there were."""
    pictures = 0
    loop.student.network.train()
    for views, labels in loop.loader:
        loop.optimizer.zero_grad()
        objective(loop, views, labels).backward()
        loop.optimizer.step()
        pictures += len(labels)
    return pictures


def first_loss(loop: Loop) -> float:
    """The loss of the first batch before any step."""
    files = loop.loader.dataset
    items = [files[index] for index in range(min(loop.loader.batch_size, len(files)))]
    loop.student.network.train()
    with torch.no_grad():
        views, labels = torch.stack([item[0] for item in items]), torch.tensor([item[1] for item in items])
        return float(objective(loop, views, labels))


def objective(loop: Loop, views: Tensor, labels: Tensor) -> Tensor:
    """The weighted sum of the loop's terms for one batch.

    Args:
        views: (batch, 3, S, S), or (batch, 4, 3, S, S) where turned views are asked for.
        labels: (batch,).
    """
    # View by view: the upright pictures first.
    pictures = views.transpose(0, 1).flatten(0, 1) if views.dim() == 5 else views
    student = loop.student.look(pictures)
    with torch.no_grad():
        teacher = loop.teacher.look(pictures)
    return sum(term["weight"] * value_of(term, loop, student, teacher, labels) for term in loop.loss)


def value_of(term: dict, loop: Loop, student: dict, teacher: dict, labels: Tensor) -> Tensor:
    """One term, unweighted."""
    batch = len(labels)
    upright = [who["logits"][:batch] for who in (student, teacher)]
    embeddings = [who["embedding"] for who in (student, teacher)]
    match term["name"]:
        case "weighted_cross_entropy":
            return F.cross_entropy(upright[0], labels, weight=loop.weights)
        case "softened_divergence":
            return literal_losses.softened(*upright, term["temperature"])
        case "distance_relation":
            return literal_losses.distance(*embeddings)
        case "angle_relation":
            return literal_losses.angle(*embeddings)
        case "channel_relation":
            return literal_losses.channels(loop.adapter(student["map"]), teacher["map"])
    return value_of_turned(term, student, teacher, labels)


def value_of_turned(term: dict, student: dict, teacher: dict, labels: Tensor) -> Tensor:
    """One term on turned views, unweighted."""
    batch = len(labels)
    temperature, share = term["temperature"], term["kept_share"]
    if term["name"] == "rotated_divergence":
        turned = [_by_picture(who["logits"].unflatten(0, (4, batch))[1:]) for who in (student, teacher)]
        return literal_losses.rotated(*turned, labels, temperature, share)
    projections = [who["projection"].unflatten(0, (4, batch)) for who in (student, teacher)]
    return literal_losses.similarity(*projections, temperature, share)


def _by_picture(turned: Tensor) -> Tensor:
    """(3, batch, classes) as rows in which the views of a picture follow each other."""
    return turned.transpose(0, 1).flatten(0, 1)
