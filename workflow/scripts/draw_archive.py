"""Draw the synthetic archive of the embedded demo."""

from skinkd.demo.archive import draw_archive
from skinkd.jobs import logged_to

if __name__ == "__main__":
    with logged_to(snakemake.log[0], snakemake.output.cost):
        draw_archive(
            path_to_images=snakemake.output.images,
            path_to_ground_truth=snakemake.output.ground_truth,
            path_to_metadata=snakemake.output.metadata,
            images=snakemake.params.images,
            seed=snakemake.params.seed,
            width_px=snakemake.params.width_px,
        )
