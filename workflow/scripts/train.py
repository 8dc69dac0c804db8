"""Train one network, with or without a teacher, and write its weights and learning curve."""

from pathlib import Path

import pandas as pd
import torch

from skinkd.atomic import digest_of, whole
from skinkd.checkpoints import fingerprint_of, resume, save_checkpoint, save_network
from skinkd.dataset import Part, open_array
from skinkd.device import choose_device, describe_hardware
from skinkd.jobs import logged_to
from skinkd.losses import load_terms
from skinkd.networks import build_network, trainable_parameters
from skinkd.records import read_record
from skinkd.targets import describe_targets, read_targets
from skinkd.training import Recipe, Trainer

DESCRIBED = ("paper", "protocol", "arm", "fold", "seed", "network", "source", "initial")


def train(
    path_to_array,
    path_to_split,
    path_to_summary,
    path_to_initial,
    path_to_teacher,
    path_to_targets,
    paths_to_code,
    run,
    device,
    path_to_checkpoint,
    path_to_network,
    path_to_history,
):
    """Train the network of `run`, from a checkpoint where there is one; write both outputs."""
    device = choose_device(**device)
    classes = read_record(path_to_summary)["classes"]
    array, split = open_array(path_to_array, path_to_split)
    views = {"augmentation": run["augmentation"], "view_seed": run["view_seed"]}
    parts = {
        name: Part(array, split[split["part"] == name], classes, device=device.name, **views)
        for name in ("train", "validation")
    }
    torch.manual_seed(run["seed"])
    spec = run["network"]
    network = build_network(spec["name"], len(classes), array.shape[1], spec["parameters"], path_to_initial)
    device = device.for_network(network)
    print(f"{spec['name']}: {trainable_parameters(network):,} trainable parameters on {device}")
    teacher = None
    if path_to_targets:
        header = describe_targets(
            path_to_array=path_to_array,
            path_to_split=path_to_split,
            path_to_teacher=path_to_teacher,
            views=run["views"],
            classes=classes,
            **views,
        )
        teacher = read_targets(path_to_targets, header, parts["train"], device.name)
    trainer = Trainer(
        network,
        parts["train"],
        parts["validation"],
        terms=load_terms(run["loss"], parts["train"].class_counts()),
        teacher=teacher,
        recipe=Recipe(**run["training"], selection=run["selection"]),
        views=run["views"],
        seed=run["seed"],
        device=device,
    )
    # The code too: a run that is half one loss and half its edited self is neither.
    inputs = [path_to_array, path_to_split, path_to_initial, path_to_targets, *paths_to_code]
    fingerprint = fingerprint_of(paths=filter(None, inputs), values=run | {"device": str(device)})
    resume(path_to_checkpoint, trainer, fingerprint)
    trainer.run(after_epoch=lambda trainer: save_checkpoint(path_to_checkpoint, trainer, fingerprint))
    description = {
        **{key: run[key] for key in DESCRIBED},
        "classes": classes,
        "size_px": array.shape[1],
        "parameters": trainable_parameters(network),
        "best_epoch": trainer.best_epoch,
        "precision": device.precision,
        "hardware": describe_hardware(device.name),
        "split": digest_of(path_to_split),
    }
    save_network(path_to_network, trainer.network, description)
    with whole(path_to_history) as partial:
        pd.DataFrame(trainer.history).to_csv(partial, index=False)
    Path(path_to_checkpoint).unlink(missing_ok=True)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        train(
            path_to_array=snakemake.input.array,
            path_to_split=snakemake.input.split,
            path_to_summary=snakemake.input.summary,
            path_to_initial=snakemake.input.initial or None,
            path_to_teacher=snakemake.input.get("teacher") or None,
            path_to_targets=snakemake.input.get("targets") or None,
            paths_to_code=snakemake.input.code,
            run=snakemake.params.run,
            device=snakemake.params.device,
            path_to_checkpoint=snakemake.params.checkpoint,
            path_to_network=snakemake.output.network,
            path_to_history=snakemake.output.history,
        )
