"""Where teacher, student alone and distilled student look: SSD-KD's Figure 5."""

import numpy as np
import torch

from skinkd.album import describe_colours
from skinkd.checkpoints import load_network
from skinkd.chosen_images import corrected_images, count_all_corrected
from skinkd.domains import Count, Names
from skinkd.grad_cam import class_maps, upsampled
from skinkd.pictures import Material, show, spoken

THIRDS = (("upper", "middle", "lower"), ("left", "centre", "right"))
EVERYWHERE, NOWHERE = "everywhere alike", "nowhere"


def grad_cam(material: Material, *, arms: Names, pictures: Count = 6) -> dict:
    """Pictures that only the student alone gets wrong, each network's map on them, and how many there are.

    Source: Wang et al., SSD-KD, MedIA 2023, section 3.7 and Figure 5.

    Args:
        arms: the teacher, the student alone, the distilled student.
        pictures: how many.
    """
    teacher, student, distilled = (material.said[arm] for arm in arms)
    choice = corrected_images(teacher, student, distilled, pictures=pictures, seed=material.seed)
    shown = show(choice, material)
    layers = {arm: _add_maps(shown["pictures"], arm, material) for arm in arms}
    corrected, spoiled = count_all_corrected(student, distilled), count_all_corrected(distilled, student)
    return {
        **shown,
        "layers": layers,
        "colours": describe_colours(),
        "corrected": corrected,
        "spoiled": spoiled,
        "corrected_total": _total(corrected),
        "spoiled_total": _total(spoiled),
    }


def _add_maps(pictures: list[dict], arm: str, material: Material) -> str:
    """Put an arm's maps of all pictures into the album; the layer that they come from."""
    network, description = load_network(material.networks[arm])
    # ASSUME: SSD-KD does not say from which layer and of which class the maps of Figure 5 are; ours are from
    # the last convolutional map, of the class that the network predicts, and where that is wrong also of the
    # true one, each divided by its own maximum.
    classes = description["classes"]
    batch = material.album.batch([picture["image"] for picture in pictures], classes)
    for number, (picture, pixels) in enumerate(zip(pictures, batch, strict=True), start=1):
        opinion = next(one for one in picture["arms"] if one["arm"] == arm)
        for of, name in _explained(opinion, picture["true"]):
            # One picture at a time: a batch of a large network needs gigabytes.
            small = class_maps(network, pixels[None], torch.tensor([classes.index(name)]))
            heat = upsampled(small, material.album.shown_px)[0].numpy()
            file = material.album.add(f"{number}-{arm}-{of}", picture["image"], heat)
            place = brightest(small[0].numpy())
            alt = _alt_text(name, place, opinion, picture, material.labels[arm])
            opinion["maps"].append({"of": of, "class": name, "file": file, "alt": alt, "brightest": place})
    return network.last_map


def _explained(opinion: dict, true: str) -> list[tuple[str, str]]:
    """The classes whose maps are shown: the predicted one, and the true one where it is another."""
    predicted = [("predicted", opinion["predicted"])]
    return predicted if opinion["right"] else [*predicted, ("true", true)]


def _alt_text(name: str, place: str, opinion: dict, picture: dict, label: str) -> str:
    """One map in words."""
    seen = {NOWHERE: f"nothing speaks for {name}", EVERYWHERE: "the whole picture alike"}
    return (
        f"Grad-CAM of {label} for {name} on picture {picture['image']}: "
        f"{seen.get(place, f'brightest at the {place}')}. "
        f"{label} says {spoken(opinion)}; true class {picture['true']}."
    )


def brightest(heat: np.ndarray) -> str:
    """Where a map (H, W) has its maximum, in thirds of the picture: `upper left`, `middle centre`, ..."""
    if heat.max() == 0:
        return NOWHERE
    if heat.min() == heat.max():
        return EVERYWHERE
    place = np.unravel_index(int(heat.argmax()), heat.shape)
    thirds = [int((index + 0.5) * 3 / side) for index, side in zip(place, heat.shape, strict=True)]
    return " ".join(words[third] for words, third in zip(THIRDS, thirds, strict=True))


def _total(counts: dict[str, dict[str, int]]) -> int:
    return sum(sum(row.values()) for row in counts.values())
