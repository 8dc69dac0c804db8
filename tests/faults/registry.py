"""All faults, in the order of their numbers."""

from faults import archives, configs, pictures, splits, tables
from faults.fault import FAULTS

FAMILIES = (archives, pictures, tables, configs, splits)
NUMBERS = range(1, 56)
ALL = sorted(FAULTS, key=lambda fault: fault.number)
