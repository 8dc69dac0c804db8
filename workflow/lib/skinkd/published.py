"""What the papers print: tables of published values in `config/papers/<paper>.csv`."""

import re
from dataclasses import dataclass
from decimal import Decimal

from skinkd.errors import InputError, examples
from skinkd.quantities import METRICS, QUANTITIES, Metric
from skinkd.strict_csv import read_sheet

COLUMNS = ("paper", "table", "arm", "class", "metric", "published", "n", "note")
PLACE = ("paper", "table", "arm", "class", "metric")
# As it is printed: 0.917, 72.77 %, 23.5 M for millions, <0.01, or 1015/1288 images.
PRINTED = re.compile(
    r"(?P<bound><)?(?P<number>\d+(\.\d+)?)( (?P<unit>[%M]))?|(?P<part>\d+)/(?P<whole>[1-9]\d*)"
)
FACTORS = {None: Decimal(1), "%": Decimal("0.01"), "M": Decimal(10**6)}


@dataclass(frozen=True)
class PublishedValue:
    """One printed number, or a place where a paper shows a result without its number.

    Args:
        of_class: '' for a value over all classes.
        value: in the unit of its metric, a share in [0, 1] for a score; None if no number is printed.
        least, most: the values that are printed so: those that round to it, and where it is counted
            or measured, those that are cut off to it, too.
        n: the images behind it, those of its class for one class; None if the paper does not say.
        note: what a reader must know to compare it; may be empty.
        printed: the number as it is printed.
    """

    paper: str
    table: str
    arm: str
    of_class: str
    metric: str
    value: float | None
    least: float | None
    most: float | None
    n: int | None
    note: str
    printed: str = ""


def read_published(path) -> list[PublishedValue]:
    """The rows of one file, in its order.

    Raises:
        InputError: naming every row with an unknown metric, a value that is none, a gap without a
            note, a count that is none, or the same table, arm, class and metric as another row.
    """
    sheet = read_sheet(path)
    if sheet.header != COLUMNS:
        raise _refused(path, f"columns {', '.join(sheet.header)} instead of {', '.join(COLUMNS)}")
    numbered = list(zip(sheet.numbers, sheet.rows, strict=True))
    problems = [f"row {number}: {problem}" for number, row in numbered for problem in _problems_of(row)]
    places = [tuple(row[column] for column in PLACE) for row in sheet.rows]
    twice = sorted({place for place in places if places.count(place) > 1})
    problems += [f"printed twice: {' '.join(filter(None, place))}" for place in twice]
    if problems:
        raise _refused(path, examples(problems), problems)
    return [_value_of(row) for row in sheet.rows]


def printed_classes(published: list[PublishedValue]) -> dict[str, list[str]]:
    """The classes that each paper's numbers name, in the order of print."""
    found: dict[str, dict] = {}
    for row in published:
        found.setdefault(row.paper, {}).update({row.of_class: None} if row.of_class else {})
    return {paper: list(classes) for paper, classes in found.items()}


def _refused(path, what: str, problems=()) -> InputError:
    why, fix = "The report would compare wrongly", "correct the table"
    return InputError("published", f"{path}: {what}", why, fix, problems)


def _problems_of(row: dict) -> list[str]:
    quantity, problems = QUANTITIES.get(row["metric"]), []
    if quantity is None:
        return [f"unknown metric '{row['metric']}'; known: {', '.join(QUANTITIES)}"]
    if isinstance(quantity, Metric) and not (quantity.by_class if row["class"] else quantity.overall):
        problems.append(f"{quantity.name} {'is not' if row['class'] else 'is only'} defined by class")
    if not row["published"] and not row["note"]:
        problems.append("neither a published value nor a note that says why there is none")
    if row["published"]:
        problems += _problems_of_number(row["published"], quantity.unit)
    if row["n"] and not (row["n"].isdecimal() and int(row["n"])):
        problems.append(f"n '{row['n']}' is not a count of images")
    return problems


def _problems_of_number(text: str, unit: str) -> list[str]:
    found = PRINTED.fullmatch(text)
    if not found:
        return [
            f"published '{text}' is not a number as papers print it, such as 0.82, 82.0 %, 3.5 M or <0.01"
        ]
    if unit != "share" and (found["part"] or found["unit"] == "%"):
        return [f"published '{text}' is a share, the metric is not"]
    if unit == "share" and (found["unit"] == "M" or not 0 <= _range_of(text)[0] <= 1):
        return [f"published '{text}' is not a share in [0, 1]"]
    return []


def _range_of(text: str, cut_off: bool = False) -> tuple[Decimal, Decimal, Decimal]:
    """The printed value, and the least and the most that is printed so."""
    found = PRINTED.fullmatch(text)
    if found["part"]:
        part, whole = Decimal(found["part"]), Decimal(found["whole"])
        half = Decimal("0.5")
        return part / whole, (part - half) / whole, (part + half) / whole
    factor = FACTORS[found["unit"]]
    value = Decimal(found["number"]) * factor
    if found["bound"]:
        return value, Decimal(0), value
    last_digit = Decimal(1).scaleb(Decimal(found["number"]).as_tuple().exponent) * factor
    return value, value - last_digit / 2, value + (last_digit if cut_off else last_digit / 2)


def _value_of(row: dict) -> PublishedValue:
    cut_off = row["metric"] not in METRICS
    numbers = map(float, _range_of(row["published"], cut_off)) if row["published"] else (None,) * 3
    return PublishedValue(
        *(row[column] for column in PLACE),
        *numbers,
        n=int(row["n"]) if row["n"] else None,
        note=row["note"],
        printed=row["published"],
    )
