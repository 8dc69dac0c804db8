"""YAML that means what it looks like.

Plain PyYAML keeps the last of two equal keys, reads `1e-4` as a string, `on` and
`no` as booleans and `22:30` as 1350, and lets NaN through. Each of these has
changed somebody's experiment silently.
"""

import math
import re
from copy import deepcopy
from functools import lru_cache
from pathlib import Path

import yaml

from skinkd.errors import InputError

FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+(\.\d*)?[eE][-+]?\d+|\.\d+[eE][-+]?\d+|\d+\.\d*[eE][-+]?\d+)$")


class StrictLoader(yaml.SafeLoader):
    """Refuses repeated keys, tags and non-finite numbers; reads numbers and words as YAML 1.2 does."""

    def fetch_tag(self):
        """A tag, such as `!!int`: a value is what it looks like."""
        raise yaml.scanner.ScannerError(None, None, "a value begins with '!'; quote it", self.get_mark())

    def construct_mapping(self, node, deep=False):
        """A mapping whose keys are different strings."""
        lines: dict[str, int] = {}
        for key_node, _ in node.value:
            key, line = self.construct_object(key_node), key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} in line {line} is not a word", key_node.start_mark
                )
            if key in lines:
                raise yaml.constructor.ConstructorError(
                    None,
                    None,
                    f"the key {key!r} stands twice, in lines {lines[key]} and {line}",
                    key_node.start_mark,
                )
            lines[key] = line
        return super().construct_mapping(node, deep)

    def construct_finite(self, node):
        """A number that is neither infinite nor undefined."""
        value = self.construct_yaml_float(node)
        if not math.isfinite(value):
            raise yaml.constructor.ConstructorError(
                None,
                None,
                f"{node.value} in line {node.start_mark.line + 1} is not a number",
                node.start_mark,
            )
        return value

    def construct_decimal(self, node):
        """A whole number; a leading zero does not make it octal."""
        return int(self.construct_scalar(node).replace("_", ""))


def _resolvers():
    """YAML 1.2's core schema: true/false only, decimal integers, 1e-4 a number."""
    patterns = [
        ("bool", re.compile(r"(true|false|True|False)$"), "tTfF"),
        ("null", re.compile(r"(~|null|Null|)$"), "~nN\0"),
        ("int", re.compile(r"[-+]?\d(_?\d)*$"), "-+0123456789"),
        ("float", FLOAT, "-+.0123456789"),
        ("float", re.compile(r"[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$"), "-+."),
    ]
    table: dict[str, list] = {}
    for tag, pattern, firsts in patterns:
        for first in firsts:
            table.setdefault("" if first == "\0" else first, []).append((f"tag:yaml.org,2002:{tag}", pattern))
    return table


StrictLoader.yaml_implicit_resolvers = _resolvers()
StrictLoader.add_constructor("tag:yaml.org,2002:float", StrictLoader.construct_finite)
StrictLoader.add_constructor("tag:yaml.org,2002:int", StrictLoader.construct_decimal)


def load(path) -> dict:
    """The mapping in the YAML file at `path`.

    Raises:
        InputError: where it is missing, is not UTF-8, not a mapping, repeats a key,
            or holds a number that is not finite.
    """
    path = Path(path)
    try:
        value = deepcopy(_parsed(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, IsADirectoryError):
        raise InputError(
            "config",
            f"there is no file {path}",
            "The study is described there",
            "give the path of a config file",
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(
            "config",
            f"{path} is not UTF-8 at byte {error.start}",
            "Names would be misread",
            "save it as UTF-8",
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = getattr(error, "problem", None) or error
        mark = getattr(error, "problem_mark", None)
        place = f" line {mark.line + 1}" if mark else ""
        raise InputError(
            "config", f"{path}{place}: {problem}", "Its meaning is not certain", "correct that line"
        ) from None
    if not isinstance(value, dict):
        raise InputError(
            "config", f"{path} is not a mapping", "Settings are keys with values", "see config/config.yaml"
        )
    return value


@lru_cache(maxsize=32)
def _parsed(text: str):
    """What a text says; a study asks for the same files once for each protocol."""
    return yaml.load(text, StrictLoader)


def merge(base: dict, overlay: dict) -> dict:
    """`base` with `overlay` on top: mappings merge, everything else is replaced."""
    merged = dict(base)
    for key, value in overlay.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged
