"""Take an archive of folders by class from its place on this machine."""

from skinkd.folder_archive import pack_folders
from skinkd.jobs import logged_to

if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        pack_folders(
            path=snakemake.params.path,
            path_to_zip=snakemake.output.images,
            path_to_digests=snakemake.params.digests,
            source=snakemake.wildcards.source,
            page=snakemake.params.page,
        )
