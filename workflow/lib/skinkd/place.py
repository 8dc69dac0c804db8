"""Where the report of a config lies: `python -m skinkd.place CONFIG`."""

import sys
from pathlib import Path

from skinkd.config import check_config, read_config
from skinkd.study import BASE


def report_folder(path_to_config) -> Path:
    """The folder of the report of a study."""
    return Path(check_config(read_config(BASE, path_to_config)).results, "report")


if __name__ == "__main__":
    print(f"\nThe report: {(report_folder(sys.argv[1]) / 'report.html').resolve()}")
