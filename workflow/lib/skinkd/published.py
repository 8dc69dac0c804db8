"""What the papers print: tables of published values in `config/papers/<paper>.csv`."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from skinkd.errors import InputError, examples
from skinkd.metrics import METRICS
from skinkd.strict_csv import read_sheet

COLUMNS = ("paper", "table", "arm", "class", "metric", "published", "n", "note")


@dataclass(frozen=True)
class PublishedValue:
    """One printed number.

    Args:
        of_class: '' for a value over all classes.
        value: as a share in [0, 1].
        half_unit: half of its last printed digit.
        n: the test images behind it, those of its class for one class; None if the paper does not say.
        note: what a reader must know to compare it; may be empty.
    """

    paper: str
    table: str
    arm: str
    of_class: str
    metric: str
    value: float
    half_unit: float
    n: int | None
    note: str


def read_published(path) -> list[PublishedValue]:
    """The rows of one file, in its order.

    Raises:
        InputError: naming every row with an unknown metric, a value outside [0, 1], a count
            that is none, or the same table, arm, class and metric as another row.
    """
    sheet = read_sheet(path)
    if sheet.header != COLUMNS:
        raise _refused(path, f"columns {', '.join(sheet.header)} instead of {', '.join(COLUMNS)}")
    numbered = list(zip(sheet.numbers, sheet.rows, strict=True))
    problems = [f"row {number}: {problem}" for number, row in numbered for problem in _problems_of(row)]
    places = [
        tuple(row[column] for column in ("paper", "table", "arm", "class", "metric")) for row in sheet.rows
    ]
    twice = sorted({place for place in places if places.count(place) > 1})
    problems += [f"printed twice: {' '.join(filter(None, place))}" for place in twice]
    if problems:
        raise _refused(path, examples(problems))
    return [_value_of(row) for row in sheet.rows]


def _refused(path, what: str) -> InputError:
    return InputError("published", f"{path}: {what}", "The report would compare wrongly", "correct the table")


def _problems_of(row: dict) -> list[str]:
    metric, problems = METRICS.get(row["metric"]), []
    if metric is None:
        problems.append(f"unknown metric '{row['metric']}'; known: {', '.join(METRICS)}")
    elif not (metric.by_class if row["class"] else metric.overall):
        problems.append(f"{metric.name} {'is not' if row['class'] else 'is only'} defined by class")
    if not _is_share(row["published"]):
        problems.append(f"published '{row['published']}' is not a number in [0, 1]")
    if row["n"] and not (row["n"].isdecimal() and int(row["n"])):
        problems.append(f"n '{row['n']}' is not a count of images")
    return problems


def _is_share(text: str) -> bool:
    try:
        return 0 <= Decimal(text) <= 1
    except InvalidOperation:
        return False


def _value_of(row: dict) -> PublishedValue:
    printed = Decimal(row["published"])
    return PublishedValue(
        *(row[column] for column in ("paper", "table", "arm", "class", "metric")),
        value=float(printed),
        half_unit=float(Decimal(5).scaleb(printed.as_tuple().exponent - 1)),
        n=int(row["n"]) if row["n"] else None,
        note=row["note"],
    )
