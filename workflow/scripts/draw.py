"""Draw the figures of the report from results.json."""

import json
from pathlib import Path

from skinkd import figures
from skinkd.jobs import logged_to


def draw(path_to_results, wanted, paths_to_svg, paths_to_pdf):
    """Read the results, draw each wanted figure, write it as SVG and PDF."""
    results = json.loads(Path(path_to_results).read_text(encoding="utf-8"))
    for which, *paths in zip(wanted, paths_to_svg, paths_to_pdf, strict=True):
        keys = ("name", "paper", "protocol", "parameters")
        drawn = figures.draw(results=results, **{key: which[key] for key in keys})
        for path in paths:
            figures.save(drawn, path)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        draw(
            path_to_results=snakemake.input.results,
            wanted=snakemake.params.figures,
            paths_to_svg=snakemake.output.svg,
            paths_to_pdf=snakemake.output.pdf,
        )
