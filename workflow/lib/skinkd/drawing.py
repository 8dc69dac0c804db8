"""All figures of a report, drawn by several processes."""

from concurrent.futures import ProcessPoolExecutor

from skinkd import figures
from skinkd.progress import Progress

KEYS = ("name", "paper", "protocol", "parameters")
_here = {}


def draw_all(results: dict, wanted: list[dict], places: list[tuple], *, workers: int, say=print) -> None:
    """Draw each wanted figure and write it to each of its places; the files do not depend on `workers`.

    Args:
        wanted: name, paper, protocol and parameters of each figure, as `figures.catalogue` gives them.
        places: for each figure the .svg and .pdf files to write.
        workers: processes that draw.
    """
    with (
        ProcessPoolExecutor(workers, initializer=_take, initargs=(results,)) as pool,
        Progress("figures", total=len(wanted), unit="figures", say=say) as progress,
    ):
        for _ in pool.map(_draw_one, wanted, places):
            progress.advance()


def _take(results: dict) -> None:
    """Keep the results in a process, once for all figures that it draws."""
    _here["results"] = results


def _draw_one(which: dict, paths: tuple) -> None:
    drawn = figures.draw(results=_here["results"], **{key: which[key] for key in KEYS})
    for path in paths:
        figures.save(drawn, path)
