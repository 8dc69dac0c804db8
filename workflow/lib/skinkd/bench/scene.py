"""What the sides work on, in one folder, from a seed: pictures as files and packed, a split, a teacher."""

import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from skinkd.atomic import write_text
from skinkd.demo.archive import draw_archive
from skinkd.ingest import ingest
from skinkd.isic import CLASSES
from skinkd.readers.isic_challenge import isic_challenge

WIDTH_PX, SEED = 600, 3
VALIDATED = 2
PACKED = {"array": "images.npy", "table": "images.csv", "manifest": "manifest.json"}
CALIBRATION_BATCH = 32


@dataclass(frozen=True)
class Scene:
    """Where everything lies, and how large it is.

    Attributes:
        folder: as text, so that a worker can be told.
        pictures: of the training part; `VALIDATED` more are the validation part.
        teacher: network of the teacher and its depth.
        times: how often each picture stands in the training part, for epochs that are longer.
    """

    folder: str
    pictures: int
    width_px: int = WIDTH_PX
    teacher: tuple[str, int] = ("resnet", 50)
    times: int = 1

    def at(self, size_px: int) -> dict:
        """What a worker is told of the scene at one size."""
        return {"scene": asdict(self), "size_px": size_px}

    @property
    def archive(self) -> Path:
        """The zip of the pictures; two tables lie beside it."""
        return Path(self.folder, "archive.zip")

    @property
    def jpegs(self) -> Path:
        """The folder of the unpacked pictures."""
        return Path(self.folder, "jpegs")

    def packed(self, size_px: int) -> dict[str, Path]:
        """Array, table of images, manifest and split at one size."""
        names = PACKED | {"split": f"split-{self.times}.csv"}
        return {key: Path(self.folder, str(size_px), name) for key, name in names.items()}

    def path_to_teacher(self, size_px: int) -> Path:
        """The trained network that stands for a teacher."""
        return Path(self.folder, str(size_px), "teacher.safetensors")

    def path_to_projection(self, size_px: int) -> Path:
        """The teacher's self-supervision head."""
        return Path(self.folder, str(size_px), "projection.safetensors")


def draw_scene(scene: Scene) -> None:
    """Draw the pictures, unless they are there."""
    if scene.jpegs.exists():
        return
    Path(scene.folder).mkdir(parents=True, exist_ok=True)
    tables = [Path(scene.folder, f"{name}.csv") for name in ("ground_truth", "metadata")]
    draw_archive(
        scene.archive, *tables, images=scene.pictures + VALIDATED, seed=SEED, width_px=scene.width_px
    )
    with zipfile.ZipFile(scene.archive) as archive:
        for member in archive.infolist():
            path = scene.jpegs / Path(member.filename).name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(archive.read(member))


def pack_scene(scene: Scene, size_px: int) -> None:
    """Pack, split and teach at one size, unless that is done."""
    draw_scene(scene)
    paths = scene.packed(size_px)
    if not paths["array"].exists():
        ingest_scene(scene, size_px, paths)
    if not paths["split"].exists():
        split = split_of(pd.read_csv(paths["table"], dtype=str), scene.times)
        write_text(paths["split"], split.to_csv(index=False))
    if not scene.path_to_teacher(size_px).exists():
        write_teacher(scene, size_px)


def ingest_scene(scene: Scene, size_px: int, paths: dict[str, Path]) -> None:
    """The pipeline's own ingest of the scene's archive, in one process."""
    tables = [Path(scene.folder, f"{name}.csv") for name in ("ground_truth", "metadata")]
    ingest(
        scene.archive,
        isic_challenge(scene.archive, tables),
        size_px=size_px,
        source="bench",
        licence="synthetic",
        on_bad_image="error",
        path_to_array=paths["array"],
        path_to_table=paths["table"],
        path_to_manifest=paths["manifest"],
        path_to_bad_images=paths["manifest"].with_name("bad_images.csv"),
        say=lambda line: None,
    )


def split_of(table: pd.DataFrame, times: int) -> pd.DataFrame:
    """Training and validation part, every class in turn: batches then hold all classes, rare ones too."""
    trained = len(table) - VALIDATED
    rows = [*[*range(trained)] * times, *range(trained, len(table))]
    images = table["image"].iloc[rows].tolist()
    return pd.DataFrame(
        {
            "image": images,
            "row": rows,
            "group": images,
            "lesion": images,
            "label": [CLASSES[row % len(CLASSES)] for row in rows],
            "part": ["train"] * trained * times + ["validation"] * VALIDATED,
        }
    )


def write_teacher(scene: Scene, size_px: int) -> None:
    """A teacher with random weights whose batch norms know the pictures, and its self-supervision head.

    Without their statistics the maps of 50 random layers grow beyond what bfloat16 tells apart.
    """
    import torch

    from skinkd.adapters import projection_head
    from skinkd.atomic import digest_of
    from skinkd.checkpoints import save_network
    from skinkd.networks import build_network, map_channels

    name, depth = scene.teacher
    torch.manual_seed(SEED)
    network = build_network(name, len(CLASSES), size_px, {"depth": depth})
    calibrate(network, scene, size_px)
    spec = {"name": name, "parameters": {"depth": depth}}
    path = scene.path_to_teacher(size_px)
    save_network(path, network, {"network": spec, "classes": list(CLASSES), "size_px": size_px})
    head = projection_head(map_channels(network, size_px))
    save_network(scene.path_to_projection(size_px), head, {"teacher": digest_of(path)})


def calibrate(network, scene: Scene, size_px: int) -> None:
    """Set the statistics of the batch norms to those of one batch of pictures."""
    import torch

    pictures = parts_of(scene, size_px, "cpu")["train"].batch(
        torch.arange(min(CALIBRATION_BATCH, scene.pictures))
    )
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
    with torch.no_grad():
        network.train()(pictures)
    network.eval()


def parts_of(scene: Scene, size_px: int, device: str, augmentation: str = "ssd_kd") -> dict:
    """The scene's training and validation part, as a job opens them."""
    from skinkd.runs import open_parts

    paths, run = scene.packed(size_px), {"augmentation": augmentation, "view_seed": 0}
    return open_parts(paths["array"], paths["split"], CLASSES, run, device)
