"""Draw some images of each class, for the report."""

from skinkd.data_files import read_manifest
from skinkd.jobs import logged_to
from skinkd.samples import draw_samples

if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        array, table = snakemake.input.array, snakemake.input.table
        manifest = read_manifest(snakemake.input.manifest, table, array)
        draw_samples(
            array,
            table,
            snakemake.output.picture,
            classes=manifest["classes"],
            per_class=snakemake.params.per_class,
            seed=snakemake.params.seed,
        )
