"""Train a teacher's self-supervision head on its frozen features: the first phase of SSKD."""

from contextlib import closing
from pathlib import Path

import pandas as pd
import torch

from skinkd.adapters import projection_head
from skinkd.atomic import digest_of, whole
from skinkd.checkpoints import load_network, save_network
from skinkd.data_files import read_summary
from skinkd.device import choose_device
from skinkd.fingerprints import fingerprint_of
from skinkd.frozen import Frozen
from skinkd.interruptions import Interruption
from skinkd.jobs import logged_to
from skinkd.networks import map_channels
from skinkd.not_finite import Diverged
from skinkd.out_of_memory import asked_by, no_room
from skinkd.projections import make_projection_trainer
from skinkd.repetitions import marked_where_in_vain
from skinkd.runs import check_teachers, open_parts
from skinkd.unfinished import Keeper, forget_checkpoint, resume


def train_projection(paths, paths_to_code, run, device, path_to_checkpoint, outputs, path_to_log=None):
    """Train the head of the teacher at `paths["teacher"]`; write it and its learning curve."""
    device = choose_device(**device)
    classes = read_summary(paths["summary"], paths["split"], paths["array"])["classes"]
    check_teachers([paths["teacher"]], classes, paths["split"])
    network = Frozen(load_network(paths["teacher"])[0], device)
    parts = open_parts(paths["array"], paths["split"], classes, run, device.name)
    torch.manual_seed(run["seed"])
    head = projection_head(map_channels(network, parts["train"].size_px))
    trainer = make_projection_trainer(network, head, parts, run, device)
    inputs = [*paths.values(), *paths_to_code]
    fingerprint = fingerprint_of(paths=inputs, values=run | {"device": str(device)})
    resume(path_to_checkpoint, trainer, fingerprint)
    with (
        Interruption() as interruption,
        closing(Keeper(path_to_checkpoint, fingerprint, interruption)) as keeper,
    ):
        try:
            trainer.run(after_epoch=keeper.after_epoch, after_batch=keeper.after_batch)
        except Diverged as failure:
            failure.list_pictures(Path(path_to_log or path_to_checkpoint).with_suffix(".not-finite.csv"))
            raise
        except torch.OutOfMemoryError as error:
            asked = asked_by(run, "a self-supervision head", run["recipe"]["batch_size"], paths["array"])
            raise no_room(asked, 1, error) from None
    about = {"teacher": digest_of(paths["teacher"]), "restarts": trainer.restarts}
    save_network(outputs["projection"], head, about)
    with whole(outputs["history"]) as partial:
        pd.DataFrame(trainer.history).to_csv(partial, index=False)
    forget_checkpoint(path_to_checkpoint)


if __name__ == "__main__":
    with (
        logged_to(snakemake.log[0], snakemake.output.cost),
        marked_where_in_vain(snakemake.params.checkpoint),
    ):
        train_projection(
            paths={name: snakemake.input[name] for name in ("array", "split", "summary", "teacher")},
            paths_to_code=snakemake.input.code,
            run=snakemake.params.run,
            device=snakemake.params.device,
            path_to_checkpoint=snakemake.params.checkpoint,
            outputs=dict(snakemake.output.items()),
            path_to_log=snakemake.log[0],
        )
