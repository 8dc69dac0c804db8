"""Draw some images of each class, for the report."""

from skinkd.jobs import logged_to
from skinkd.records import read_record
from skinkd.samples import draw_samples

if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        draw_samples(
            snakemake.input.array,
            snakemake.input.table,
            snakemake.output.picture,
            classes=read_record(snakemake.input.manifest)["classes"],
            per_class=snakemake.params.per_class,
            seed=snakemake.params.seed,
        )
