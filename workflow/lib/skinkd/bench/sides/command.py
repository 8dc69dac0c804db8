"""A command that is run to its end."""

from skinkd.bench.graphs import run


def prepare(command: list[str], folder: str, library: str | None = None):
    """The command once each time; see `skinkd.bench.graphs.run`."""

    def work() -> dict:
        run(command, folder, library)
        return {"images": 1}

    return work
