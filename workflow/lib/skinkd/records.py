"""Records as JSON: the same bytes for the same numbers, and no number that is none."""

import json
import math
from pathlib import Path

from skinkd.atomic import write_text


def write_record(path, record, digits: int = 6) -> None:
    """Write a record atomically as JSON, floats rounded, keys in their given order.

    Raises:
        ValueError: for a float that is not finite; an undefined value is None with a note.
    """
    write_text(
        path, json.dumps(rounded(record, digits), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    )


def read_record(path):
    """What a JSON file holds."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def rounded(value, digits: int = 6):
    """The same record with every float rounded, and minus zero written as zero."""
    if isinstance(value, float):
        return round(value, digits) + 0.0 if math.isfinite(value) else value
    if isinstance(value, dict):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item, digits) for item in value]
    return value
