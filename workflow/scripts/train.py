"""Train one network, with or without teachers; write its weights, its learning curve and its predictions."""

import time
from pathlib import Path

import pandas as pd
import torch

from skinkd.atomic import digest_of, whole
from skinkd.checkpoints import fingerprint_of, resume, save_checkpoint, save_network
from skinkd.device import choose_device
from skinkd.jobs import logged_to
from skinkd.networks import build_network, trainable_parameters
from skinkd.predicting import predict_parts
from skinkd.predictions import write_predictions
from skinkd.records import read_record
from skinkd.runs import PARTS, describe_cost, make_trainer, open_parts, open_teacher, read_teachers
from skinkd.training import Diverged

DESCRIBED = ("paper", "protocol", "arm", "fold", "seed", "network", "source", "initial")


def train(paths, paths_to_code, run, device, path_to_checkpoint, outputs):
    """Train the network of `run`, from a checkpoint where there is one; write all outputs."""
    device, classes = choose_device(**device), read_record(paths["summary"])["classes"]
    parts = open_parts(paths["array"], paths["split"], classes, run, device.name, PARTS)
    torch.manual_seed(run["seed"] + run["seed_offset"])
    spec, size_px = run["network"], parts["train"].pictures.shape[1]
    network = build_network(spec["name"], len(classes), size_px, spec["parameters"], paths["initial"])
    any_device, device = device, device.for_network(network)
    print(f"{spec['name']}: {trainable_parameters(network):,} trainable parameters on {device}")
    made_from = {"path_to_array": paths["array"], "path_to_split": paths["split"]}
    cached = read_teachers(paths["targets"], paths["teachers"], parts, run, device.name, **made_from)
    online = paths["teachers"] and not paths["targets"]
    projection = next(iter(paths["projections"]), None)
    teacher = open_teacher(paths["teachers"][0], projection, any_device) if online else None
    trainer = make_trainer(network, parts, run, device, cached, teacher)
    # The code too: a run that is half one loss and half its edited self is neither.
    inputs = [paths["array"], paths["split"], paths["initial"]]
    inputs += [*paths["teachers"], *paths["targets"], *paths["projections"], *paths_to_code]
    fingerprint = fingerprint_of(paths=filter(None, inputs), values=run | {"device": str(device)})
    diverged_epoch = run_to_the_end(trainer, run, path_to_checkpoint, fingerprint)
    started_s = time.monotonic()
    predictions = predict_parts(network, [parts[name] for name in run["predicted"]], device, run)
    description = {
        **{key: run[key] for key in DESCRIBED},
        **describe_cost(network, trainer, device),
        "classes": classes,
        "size_px": size_px,
        "prediction_runtime_s": round(time.monotonic() - started_s, 3),
        "prediction_images": len(predictions),
        "best_epoch": trainer.best_epoch,
        "diverged_epoch": diverged_epoch,
        "split": digest_of(paths["split"]),
    }
    save_network(outputs["network"], network, description)
    write_predictions(outputs["predictions"], predictions)
    with whole(outputs["history"]) as partial:
        pd.DataFrame(trainer.history or {"epoch": []}).to_csv(partial, index=False)
    Path(path_to_checkpoint).unlink(missing_ok=True)


def run_to_the_end(trainer, run, path_to_checkpoint, fingerprint):
    """Train, with a checkpoint after every epoch; the epoch in which the loss left the numbers, or None."""
    resume(path_to_checkpoint, trainer, fingerprint)
    try:
        trainer.run(after_epoch=lambda trainer: save_checkpoint(path_to_checkpoint, trainer, fingerprint))
    except Diverged as error:
        # That a printed recipe diverges is a result; but nobody should learn from such a network.
        if run["teaches"]:
            raise
        print(f"{error} The weights of epoch {trainer.best_epoch} are kept, and the report says so.")
        trainer.load_state(trainer.best_state)
        return len(trainer.history) + 1
    return None


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        train(
            paths={
                **{name: snakemake.input[name] for name in ("array", "split", "summary")},
                "initial": snakemake.input.initial or None,
                **{name: list(snakemake.input[name]) for name in ("teachers", "targets", "projections")},
            },
            paths_to_code=snakemake.input.code,
            run=snakemake.params.run,
            device=snakemake.params.device,
            path_to_checkpoint=snakemake.params.checkpoint,
            outputs=dict(snakemake.output.items()),
        )
