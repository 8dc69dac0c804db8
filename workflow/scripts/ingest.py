"""Pack an archive into one array, one table and a manifest."""

from skinkd.ingest import ingest
from skinkd.readers import load_reader

if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0], snakemake.output.cost):
        read = load_reader(snakemake.params.form)
        ingest(
            path_to_images=snakemake.input.images,
            tables=read(snakemake.input.images, list(snakemake.input.tables), **snakemake.params.reading),
            size_px=snakemake.params.size_px,
            source=snakemake.wildcards.source,
            licence=snakemake.params.licence,
            on_bad_image=snakemake.params.on_bad_image,
            path_to_array=snakemake.output.array,
            path_to_table=snakemake.output.table,
            path_to_manifest=snakemake.output.manifest,
            path_to_bad_images=snakemake.params.bad_images,
            workers=snakemake.threads,
        )
