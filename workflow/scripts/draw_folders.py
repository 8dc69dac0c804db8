"""Draw a synthetic archive as folders of nine classes."""

from skinkd.demo.folders import draw_folders
from skinkd.jobs import logged_to

if __name__ == "__main__":
    with logged_to(snakemake.log[0], snakemake.output.cost):
        draw_folders(
            path_to_images=snakemake.output.images,
            path_to_metadata=snakemake.output.metadata,
            images=snakemake.params.images,
            seed=snakemake.params.seed,
            width_px=snakemake.params.width_px,
        )
