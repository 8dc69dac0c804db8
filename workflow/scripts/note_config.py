"""Write the config down, in the place of those before it."""

from pathlib import Path

from skinkd.atomic import write_text
from skinkd.jobs import logged_to

if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        path = Path(snakemake.output.config)
        for earlier in path.parent.glob("*.json"):
            # Else a config that comes back would find its file, older than a report of another one.
            earlier.unlink()
        write_text(path, snakemake.params.config + "\n")
