"""Pack an archive into one array, one table and a manifest."""

from skinkd.ingest import ingest

if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0]):
        ingest(
            path_to_images=snakemake.input.images,
            path_to_ground_truth=snakemake.input.ground_truth,
            path_to_metadata=snakemake.input.metadata,
            size_px=snakemake.params.size_px,
            source=snakemake.wildcards.source,
            licence=snakemake.params.licence,
            on_bad_image=snakemake.params.on_bad_image,
            unknown=snakemake.params.unknown,
            path_to_array=snakemake.output.array,
            path_to_table=snakemake.output.table,
            path_to_manifest=snakemake.output.manifest,
            workers=snakemake.threads,
        )
