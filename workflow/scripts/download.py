"""Fetch one file of the study, checked."""

from skinkd.download import fetch

if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0]):
        fetch(
            snakemake.output[0],
            sources=snakemake.params.sources,
            sha256=snakemake.params.sha256,
            size_bytes=snakemake.params.size_bytes,
            key=snakemake.params.key,
        )
