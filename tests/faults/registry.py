"""All faults, in the order of their numbers."""

from faults import (
    archives,
    configs,
    fetching,
    lesions,
    networks,
    pictures,
    places,
    runs,
    splits,
    tables,
    training,
)
from faults.fault import FAULTS

FAMILIES = (archives, pictures, tables, lesions, configs, splits, training, networks, fetching, places, runs)
NUMBERS = range(1, 56)
ALL = sorted(FAULTS, key=lambda fault: fault.number)
