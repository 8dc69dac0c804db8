"""Pictures drawn from each class with what the networks say of them: DSNet's Figure 8."""

from skinkd.chosen_images import images_by_class
from skinkd.domains import Count, Names
from skinkd.pictures import Material, show


def sample_predictions(material: Material, *, arms: Names, pictures: Count = 8) -> dict:
    """Equally many test images of each class, rightly predicted or not.

    Source: Khan et al., DSNet, arXiv:2210.08086, Figure 8.

    Args:
        arms: whose predictions stand below the pictures.
        pictures: how many.
    """
    runs = [material.said[arm] for arm in arms]
    return show(images_by_class(*runs, pictures=pictures, seed=material.seed), material)
