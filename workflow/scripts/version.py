"""Record what lies in a study's folder, and push it."""

import sys

from skinkd.study import open_study
from skinkd.versioning.snapshot import record

if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0]):
        said = record(open_study(snakemake.params.config))
        print(said)
        # What to do next is for the eyes, not only for the log.
        print(said, file=sys.__stderr__)
