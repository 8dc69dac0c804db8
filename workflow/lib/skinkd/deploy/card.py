"""The model card: every number in it from the records of the deployment.

Source for its sections: Mitchell et al., Model Cards for Model Reporting, FAT* 2019.
"""

from pathlib import Path

from skinkd import formats
from skinkd.deploy.shipped import NOT_A_DEVICE
from skinkd.pages import environment_of
from skinkd.quantities import METRICS

HEADLINES = ("balanced_accuracy", "accuracy", "auc", "f1_macro", "matthews_correlation")
BY_CLASS = ("recall", "precision", "specificity", "auc")
UNDEFINED = "not defined"


def model_card(records: dict, template) -> str:
    """The card as Markdown.

    Args:
        records: `about`, `choice`, `export`, `quantisation`, `evaluation`, `latency`, `split`, `manifest`,
            and what the config says of the data: `source`, `statements`, `citation`.
        template: path of the Jinja template.

    Raises:
        jinja2.UndefinedError: if a record lacks what the card shows.
    """
    environment = environment_of(Path(template).parent, autoescape=False, keep_trailing_newline=True)
    environment.filters |= {
        "number": formats.number,
        "count": formats.count,
        "percent": formats.percent,
        "points": formats.signed_points,
        "shown": shown,
        "cell": lambda text: str(text).replace("|", "\\|").replace("\n", " "),
    }
    evaluation = records["evaluation"]
    return environment.get_template(Path(template).name).render(
        **records,
        notice=NOT_A_DEVICE,
        headlines=[headline(evaluation, metric) for metric in HEADLINES],
        by_class=[class_row(evaluation, own) for own in evaluation["classes"]],
        class_headings=[METRICS[metric].label for metric in BY_CLASS],
        loss=in_eight_bits(evaluation),
        is_synthetic=records["source"]["kind"] == "synthetic",
    )


def headline(evaluation: dict, metric: str) -> dict:
    """Name, meaning and value of an overall metric."""
    record = find(evaluation["metrics"], metric)
    return {"label": METRICS[metric].label, "meaning": METRICS[metric].meaning, "value": shown(record)}


def class_row(evaluation: dict, own: str) -> dict:
    """What is said of one class."""
    values = [shown(find(evaluation["metrics"], metric, own)) for metric in BY_CLASS]
    return {"class": own, **evaluation["support"][own], "values": values}


def in_eight_bits(evaluation: dict) -> str:
    """What eight bits change in balanced accuracy, in words."""
    record = find(evaluation["int8"]["differences"], "balanced_accuracy")
    if record["value"] is None:
        return UNDEFINED
    ends = formats.points_interval(record["low"], record["high"])
    return f"{formats.signed_points(record['value'])} percentage points {ends}"


def find(records: list[dict], metric: str, own: str = "") -> dict:
    """The record of a metric, overall or of a class."""
    return next(each for each in records if (each["metric"], each["class"]) == (metric, own))


def shown(record: dict) -> str:
    """A value with its interval, or why there is none."""
    if record["value"] is None:
        return record.get("note") or record.get("reason") or UNDEFINED
    if record["low"] is None:
        return formats.number(record["value"])
    return f"{formats.number(record['value'])} {formats.interval(record['low'], record['high'])}"
