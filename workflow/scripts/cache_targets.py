"""Run a teacher over every image in every view, once, for all its students."""

from skinkd.checkpoints import load_network
from skinkd.data_files import read_summary
from skinkd.dataset import Part, open_array
from skinkd.device import choose_device
from skinkd.frozen import Frozen
from skinkd.jobs import logged_to
from skinkd.runs import check_teachers
from skinkd.targets import compute_targets, describe_targets, forecast_targets, write_targets


def cache_targets(path_to_array, path_to_split, path_to_summary, path_to_teacher, **how):
    """Check all that the targets are made from, and make them."""
    classes = read_summary(path_to_summary, path_to_split, path_to_array)["classes"]
    check_teachers([path_to_teacher], classes, path_to_split)
    make_targets(path_to_array, path_to_split, path_to_teacher, **how)


def make_targets(
    path_to_array, path_to_split, path_to_teacher, views, view_seed, augmentation, device, path_to_targets
):
    """Write the teacher's logits with a header that says what they were made from."""
    device = choose_device(**device)
    network, description = load_network(path_to_teacher)
    network = Frozen(network, device)
    array, split = open_array(path_to_array, path_to_split)
    parts = {
        name: Part(
            array,
            split[split["part"] == name],
            description["classes"],
            augmentation=augmentation,
            view_seed=view_seed,
            device=device.name,
        )
        for name in ("train", "validation")
    }
    print(forecast_targets(network, parts["train"], parts["validation"], views))
    tensors = compute_targets(network, parts["train"], parts["validation"], device, views)
    header = describe_targets(
        path_to_array=path_to_array,
        path_to_split=path_to_split,
        path_to_teacher=path_to_teacher,
        augmentation=augmentation,
        view_seed=view_seed,
        views=views,
        classes=description["classes"],
    )
    write_targets(path_to_targets, tensors, header)


if __name__ == "__main__":
    with logged_to(snakemake.log[0], snakemake.output.cost):
        cache_targets(
            path_to_array=snakemake.input.array,
            path_to_split=snakemake.input.split,
            path_to_summary=snakemake.input.summary,
            path_to_teacher=snakemake.input.teacher,
            views=snakemake.params.views,
            view_seed=snakemake.params.view_seed,
            augmentation=snakemake.params.augmentation,
            device=snakemake.params.device,
            path_to_targets=snakemake.output.targets,
        )
