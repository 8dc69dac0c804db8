"""The jobs of training as the workflow calls them, on packed pictures."""

from cache_targets import cache_targets
from train import train
from train_projection import train_projection
from training_examples import RUN

DEVICE = {"name": "cpu", "precision": "float32", "threads": 1}
PROJECTION_RUN = {
    **{
        key: RUN[key]
        for key in ("paper", "protocol", "arm", "fold", "seed", "augmentation", "views", "view_seed")
    },
    "recipe": {
        "epochs": 2,
        "batch_size": 8,
        "learning_rate": 0.1,
        "momentum": 0.9,
        "weight_decay": 1e-3,
        "milestones": [1],
        "early_stop_epochs": None,
    },
}


def inputs_of(data):
    """Pictures, split and summary."""
    return {"array": data.path_to_array, "split": data.path_to_split, "summary": data.path_to_summary}


def run_train(
    data, folder, *, run=RUN, teachers=(), targets=(), projections=(), initial=None, code=(), name="network"
):
    """The job `train`; the path of its network."""
    outputs = {
        "network": folder / f"{name}.safetensors",
        "history": folder / f"{name}.csv",
        "predictions": folder / f"{name}-predictions.csv",
    }
    told = {"teachers": list(teachers), "targets": list(targets), "projections": list(projections)}
    train(
        paths=inputs_of(data) | {"initial": initial} | told,
        paths_to_code=code,
        run=run,
        device=DEVICE,
        path_to_checkpoint=folder / "unfinished" / f"{name}.pt",
        outputs=outputs,
    )
    return outputs["network"]


def run_cache(data, folder, teacher, **changes):
    """The job `cache_targets`; the path of its targets."""
    how = {"views": 2, "view_seed": 0, "augmentation": "ssd_kd"} | changes
    path = folder / "targets.safetensors"
    cache_targets(data.path_to_array, data.path_to_split, teacher, **how, device=DEVICE, path_to_targets=path)
    return path


def run_projection(data, folder, teacher, *, run=PROJECTION_RUN, name="projection"):
    """The job `train_projection`; the path of its head."""
    outputs = {"projection": folder / f"{name}.safetensors", "history": folder / f"{name}.csv"}
    train_projection(
        paths={"array": data.path_to_array, "split": data.path_to_split, "teacher": teacher},
        paths_to_code=(),
        run=run,
        device=DEVICE,
        path_to_checkpoint=folder / "unfinished" / f"{name}.pt",
        outputs=outputs,
    )
    return outputs["projection"]
