"""Pictures as the usual loop reads them: decoded from their files in every epoch, augmented one by one."""

from pathlib import Path

import torch
from PIL import Image
from torch.utils.data import Dataset
from torchvision import transforms

from skinkd.bench.scene import Scene
from skinkd.dataset import DEVIATION, MEAN, Part


class PictureFiles(Dataset):
    """The training part of a scene as files, in the views that our side shows.

    Args:
        part: the same pictures packed; names, labels and views are taken from it, pixels are not.
        turns: views of each picture; one is (3, S, S), several are (turns, 3, S, S), turned before they
            are augmented.
    """

    def __init__(self, scene: Scene, part: Part, turns: int = 1):
        self.paths = [scene.jpegs / f"{image}.jpg" for image in part.table["image"]]
        self.labels = part.labels.tolist()
        self.rows = [part.parameters(turn).cpu() for turn in range(turns)]
        self.augmentation = part.augmentation
        self.read = transforms.Compose(
            [transforms.Resize((part.size_px, part.size_px)), transforms.ToTensor()]
        )
        self.normalise = transforms.Normalize(MEAN, DEVIATION)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        picture = self.read(load(self.paths[index]))
        views = [self._view(picture, rows[index], turns) for turns, rows in enumerate(self.rows)]
        return (torch.stack(views) if len(views) > 1 else views[0]), self.labels[index]

    def _view(self, picture: torch.Tensor, row: torch.Tensor, quarter_turns: int) -> torch.Tensor:
        """One augmented view, (3, S, S)."""
        turned = torch.rot90(picture, quarter_turns, dims=(1, 2))
        return self.normalise(self.augmentation.apply(turned[None], row[None])[0])


def load(path: Path) -> Image.Image:
    """Open a file and decode it whole."""
    with path.open("rb") as file:
        return Image.open(file).convert("RGB")


class InOrder:
    """A sampler that shows the pictures as they come; a shuffled order costs the same."""

    def __init__(self, dataset: Dataset):
        self.dataset = dataset

    def __iter__(self):
        return iter(range(len(self.dataset)))

    def __len__(self) -> int:
        return len(self.dataset)


class First(Dataset):
    """The first pictures of a data set."""

    def __init__(self, dataset: Dataset, pictures: int):
        self.dataset, self.pictures = dataset, min(pictures, len(dataset))

    def __len__(self) -> int:
        return self.pictures

    def __getitem__(self, index: int):
        return self.dataset[index]
