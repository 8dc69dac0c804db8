"""Take a hash and a small copy of every packed picture, so that look-alikes can be found."""

import numpy as np

from skinkd.atomic import whole
from skinkd.picture_hashes import looks_of

if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0]):
        looks = looks_of(np.load(snakemake.input.array, mmap_mode="r"))
        with whole(snakemake.output.looks) as unfinished, unfinished.open("wb") as file:
            np.savez(file, **looks._asdict())
        print(f"{len(looks.hashes):,} pictures")
