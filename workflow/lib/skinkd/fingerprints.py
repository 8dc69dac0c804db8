"""What a run is made from, as a digest that changes with it, and in words."""

import hashlib
import json
from collections.abc import Iterator

from skinkd.atomic import digest_of
from skinkd.errors import examples

ABSENT = "absent"
SHOWN_DIGITS = 8


class Fingerprint(str):
    """A name for everything that a run depends on.

    Attributes:
        made_from: what that is: values by their dotted keys.
    """

    made_from: dict[str, object]

    def __new__(cls, name: str, made_from: dict | None = None):
        fingerprint = super().__new__(cls, name)
        fingerprint.made_from = dict(_leaves(made_from or {}))
        return fingerprint


def fingerprint_of(*, paths, values: dict, described: dict | None = None) -> Fingerprint:
    """The fingerprint of digests of files, and of values.

    Args:
        described: what to call it all, where that is more than the paths and the values.
    """
    digests = {str(path): digest_of(path) for path in paths}
    text = "\n".join([*digests.values(), json.dumps(values, sort_keys=True)])
    name = hashlib.sha256(text.encode()).hexdigest()
    return Fingerprint(name, described or values | digests)


def changes_between(before: dict, now: dict) -> str:
    """Keys whose values differ, each with the old and the new one; at most ten."""
    keys = [key for key in {**before, **now} if before.get(key, ABSENT) != now.get(key, ABSENT)]
    return examples(
        f"{key} {_shown(before.get(key, ABSENT))} → {_shown(now.get(key, ABSENT))}" for key in keys
    )


def _leaves(values, key: str = "") -> Iterator[tuple[str, object]]:
    """What a nested value holds, by dotted keys."""
    if isinstance(values, dict):
        for name, value in values.items():
            yield from _leaves(value, f"{key}.{name}" if key else str(name))
    elif isinstance(values, list | tuple):
        for index, value in enumerate(values):
            yield from _leaves(value, f"{key}[{index}]")
    else:
        yield key, values


def _shown(value) -> str:
    """A value; of a digest its first digits."""
    text = str(value)
    is_digest = len(text) == 64 and set(text) <= set("0123456789abcdef")
    return text[:SHOWN_DIGITS] if is_digest else text
