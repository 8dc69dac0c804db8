"""The printed numbers of one paper, to be looked up by table, arm, metric and class."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from skinkd.errors import InputError
from skinkd.plausibility.printed import Printed, printed
from skinkd.published import PublishedValue
from skinkd.quantities import QUANTITIES

# Table, arm, metric, and the class where it is about one.
Cell = tuple[str, ...]


@dataclass(frozen=True)
class Values:
    """What a paper prints.

    Attributes:
        rows: its rows in the order of print.
        labels: what the report calls its arms; an arm without one keeps its name.
    """

    rows: list[PublishedValue]
    labels: dict[str, str]

    @cached_property
    def numbers(self) -> dict[Cell, Printed]:
        """Every printed number by (table, arm, metric, class), in the order of print."""
        return {
            (row.table, row.arm, row.metric, row.of_class): printed(row.printed)
            for row in self.rows
            if row.printed and not row.printed.startswith("<")
        }

    def at(self, cell) -> Printed:
        """The number of a cell, which names table, arm, metric and perhaps a class.

        Raises:
            InputError: where the paper prints none there.
        """
        key = (*cell, "") if len(cell) == 3 else tuple(cell)
        if key not in self.numbers:
            what = f"a claim is about {', '.join(filter(None, key))}, where no number is printed"
            why = "There is nothing to compute with"
            raise InputError("claims", what, why, "use table, arm, metric and class of the paper's csv")
        return self.numbers[key]

    def of_metric(self, metric: str, of_class: str = "") -> Iterator[tuple[str, str, Printed]]:
        """Table, arm and number of each cell of one metric and class."""
        for (table, arm, found, cell_class), number in self.numbers.items():
            if (found, cell_class) == (metric, of_class):
                yield table, arm, number

    def label(self, arm: str) -> str:
        """What the report calls an arm."""
        return self.labels.get(arm, arm)

    def words(self, cell) -> str:
        """A cell as it is named in a sentence: `accuracy of MobileNetV2`."""
        _, arm, metric, *of_class = cell
        return f"{name_of(metric, ''.join(of_class))} of {self.label(arm)}"


def name_of(metric: str, of_class: str = "") -> str:
    """`recall of malignant`, or `accuracy`."""
    label = QUANTITIES[metric].label
    # AUC and F1 keep their capitals.
    label = label if label[1:2].isupper() or label[1:2].isdigit() else label[0].lower() + label[1:]
    return f"{label} of {of_class}" if of_class else label
