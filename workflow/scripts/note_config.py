"""Write the config down, in the place of those before it."""

from pathlib import Path

from skinkd.atomic import write_text


def note(config: str, path) -> None:
    """Write `config` to `path`, and remove what else was noted beside it.

    Else a config that comes back would find its file, older than a report of another one.
    """
    for earlier in Path(path).parent.glob("*.json"):
        earlier.unlink()
    write_text(path, config + "\n")


if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0]):
        note(snakemake.params.config, snakemake.output.config)
