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


def told_to_train(
    data, folder, *, run=RUN, teachers=(), targets=(), projections=(), initial=None, code=(), name="network"
):
    """What the job `train` is told."""
    outputs = {
        "network": folder / f"{name}.safetensors",
        "history": folder / f"{name}.csv",
        "predictions": folder / f"{name}-predictions.csv",
    }
    told = {"teachers": teachers, "targets": targets, "projections": projections}
    return {
        "paths": {name: str(path) for name, path in inputs_of(data).items()}
        | {"initial": initial and str(initial)}
        | {name: [str(path) for path in paths] for name, paths in told.items()},
        "paths_to_code": [str(path) for path in code],
        "run": run,
        "device": DEVICE,
        "path_to_checkpoint": str(folder / "unfinished" / f"{name}.pt"),
        "outputs": {name: str(path) for name, path in outputs.items()},
        "path_to_log": str(folder / "logs" / f"{name}.log"),
    }


def run_train(data, folder, *, name="network", **told):
    """The job `train`; the path of its network."""
    train(**told_to_train(data, folder, name=name, **told))
    return folder / f"{name}.safetensors"


def run_cache(data, folder, teacher, **changes):
    """The job `cache_targets`; the path of its targets."""
    how = {"views": 2, "view_seed": 0, "augmentation": "ssd_kd", "device": DEVICE} | changes
    path = folder / "targets.safetensors"
    paths = data.path_to_array, data.path_to_split, data.path_to_summary
    cache_targets(*paths, teacher, **how, path_to_targets=path)
    return path


def run_projection(data, folder, teacher, *, run=PROJECTION_RUN, name="projection"):
    """The job `train_projection`; the path of its head."""
    outputs = {"projection": folder / f"{name}.safetensors", "history": folder / f"{name}.csv"}
    train_projection(
        paths=inputs_of(data) | {"teacher": teacher},
        paths_to_code=(),
        run=run,
        device=DEVICE,
        path_to_checkpoint=folder / "unfinished" / f"{name}.pt",
        outputs=outputs,
    )
    return outputs["projection"]
