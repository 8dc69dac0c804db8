"""Make one of the report's figures of photographs: choose, show, and say what the networks say."""

from skinkd import pictures
from skinkd.album import Album
from skinkd.data_files import read_summary
from skinkd.device import choose_device
from skinkd.jobs import logged_to
from skinkd.predictions import read_predictions
from skinkd.records import write_record

TOLD = ("paper", "protocol", "figure", "name", "title", "source", "fold", "seed", "draw_seed")


def explain(
    about,
    paths_to_predictions,
    paths_to_networks,
    path_to_array,
    path_to_split,
    path_to_summary,
    threads,
    path_to_pictures,
    path_to_record,
):
    """Read predictions and networks, make the figure, write its pictures and its record."""
    # In single precision on the CPU, wherever the networks were trained: the same maps on every machine.
    choose_device("cpu", "float32", threads)
    arms, classes = about["arms"], read_summary(path_to_summary, path_to_split, path_to_array)["classes"]
    files = zip(arms, paths_to_predictions, strict=True)
    said = {arm: read_predictions(path, classes) for arm, path in files}
    album = Album(path_to_array, path_to_split, path_to_pictures)
    material = pictures.Material(
        said=said,
        album=album,
        # Most figures need no network, and their rule gives none.
        networks=dict(zip(arms, paths_to_networks, strict=False)),
        labels={arm: described["label"] for arm, described in arms.items()},
        seed=about["draw_seed"],
    )
    made = pictures.make(about["name"], material, about["parameters"])
    record = {
        **{key: about[key] for key in TOLD},
        "classes": classes,
        "arms": arms,
        **{"array_px": album.array_px, "shown_px": album.shown_px, "resampling": album.resampling},
        **made,
    }
    write_record(path_to_record, record)
    print(f"{len(made['pictures'])} pictures of {made['test_images']} test images")


if __name__ == "__main__":
    with logged_to(snakemake.log[0], snakemake.output.cost):
        explain(
            about=snakemake.params.about,
            paths_to_predictions=snakemake.input.predictions,
            paths_to_networks=snakemake.input.networks,
            path_to_array=snakemake.input.array,
            path_to_split=snakemake.input.split,
            path_to_summary=snakemake.input.summary,
            threads=snakemake.threads,
            path_to_pictures=snakemake.output.pictures,
            path_to_record=snakemake.output.record,
        )
