"""What a network's probabilities become at each temperature: DSNet's Figure 6."""

from skinkd import softened as both_readings
from skinkd.chosen_images import first_malignant
from skinkd.domains import Name, Temperatures
from skinkd.pictures import Material, show


def softened(material: Material, *, arm: Name, temperatures: Temperatures) -> dict:
    """One malignant picture, and the means over the test part and over each class in it.

    Source: Khan et al., DSNet, arXiv:2210.08086, Figure 6.

    Args:
        arm: whose probabilities.
        temperatures: each above 0.
    """
    choice = first_malignant(material.said[arm], seed=material.seed)
    test = material.said[arm].part("test")
    groups = {"picture": test.images == choice.images[0], "test part": test.parts == "test"}
    groups |= {name: test.labels == index for index, name in enumerate(test.classes)}
    by_reading = both_readings.softened(test.logits, temperatures)
    values = [
        {
            **{"of": name, "images": int(group.sum()), "reading": reading, "temperature": temperature},
            "probabilities": dict(zip(test.classes, table[group].mean(axis=0).tolist(), strict=True)),
        }
        for name, group in groups.items()
        if group.any()
        for reading, tables in by_reading.items()
        for temperature, table in zip(temperatures, tables, strict=True)
    ]
    return {**show(choice, material), "temperatures": temperatures, "values": values}
