"""A picture of pictures: what the archive looks like, some images of each class."""

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from skinkd.atomic import whole
from skinkd.data_files import open_pictures

TILE_PX, MARGIN_PX, LABEL_PX = 64, 4, 44


def choose_samples(labels, per_class: int, seed: int) -> dict[str, list[int]]:
    """Rows of `per_class` images of each class, drawn with a seed; never chosen by hand."""
    generator = np.random.default_rng(seed)
    labels = np.asarray(labels)
    return {
        label: sorted(generator.permutation(np.flatnonzero(labels == label))[:per_class].tolist())
        for label in dict.fromkeys(labels.tolist())
    }


def draw_samples(
    path_to_array, path_to_table, path_to_picture, *, classes, per_class: int, seed: int
) -> None:
    """Write a PNG with one line of images for each class, in the order of `classes`."""
    array = open_pictures(path_to_array)
    labels = pd.read_csv(path_to_table, dtype=str, keep_default_na=False)["label"]
    rows = choose_samples(labels, per_class, seed)
    step = TILE_PX + MARGIN_PX
    sheet = Image.new("RGB", (LABEL_PX + per_class * step, len(classes) * step), "white")
    pen = ImageDraw.Draw(sheet)
    for line, label in enumerate(classes):
        pen.text((2, line * step + TILE_PX // 2 - 5), label, fill="black")
        for column, row in enumerate(rows.get(label, [])):
            tile = Image.fromarray(np.asarray(array[row])).resize((TILE_PX, TILE_PX))
            sheet.paste(tile, (LABEL_PX + column * step, line * step))
    with whole(path_to_picture) as partial:
        sheet.save(partial, format="PNG")
