"""Draw the figures of the report from results.json."""

from skinkd.drawing import draw_all
from skinkd.jobs import logged_to
from skinkd.records import read_record

if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        draw_all(
            read_record(snakemake.input.results),
            wanted=snakemake.params.figures,
            places=list(zip(snakemake.output.svg, snakemake.output.pdf, strict=True)),
            workers=snakemake.threads,
        )
