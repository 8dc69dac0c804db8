"""What the cells of each kind of table show: all that is described, in one place."""

import re

import number_places
import number_places_judged

KINDS = number_places.KINDS | number_places_judged.KINDS


def place_of(name: str):
    """The function and the match for a table's name.

    Raises:
        KeyError: where no line of `KINDS` fits.
    """
    for pattern, function in KINDS.items():
        if found := re.fullmatch(pattern, name):
            return function, found
    raise KeyError(f"table {name}: no line of KINDS in tests/number_places.py says what its cells show")
