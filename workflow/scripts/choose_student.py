"""Choose the student that ships, by validation."""

from skinkd.chain import run_in
from skinkd.deploy.candidates import RULE
from skinkd.deploy.choosing import choose
from skinkd.deploy.records import write_sealed
from skinkd.traced_predictions import TracedPredictions


def choose_student(paths_to_predictions, paths_to_networks, splits, arms, study, repository, path_to_choice):
    """Read what the candidates say of validation pictures, write which of them is the best, and why.

    Args:
        splits: paths of table and summary by fold.
        arms: label, role and teachers of each arm of the task.
        study: its name, title and scale.
    """
    networks = dict(zip(paths_to_predictions, paths_to_networks, strict=True))
    traced = TracedPredictions(networks, splits)
    record = choose([traced.read(path) for path in paths_to_predictions])
    for candidate in record["candidates"]:
        candidate |= {key: arms[candidate["arm"]][key] for key in ("label", "role")}
    chosen = record["chosen"]
    place = "{paper}/{protocol}/{arm}/fold{fold}-seed{seed}".format_map(chosen)
    path = next(path for path in paths_to_predictions if run_in(path) == place)
    chosen |= {**arms[chosen["arm"]], "weights": read_weights_digest(traced, path)}
    made_from = {"network": networks[path], "predictions": path}
    write_sealed(path_to_choice, {"study": study, "rule": RULE, **record}, made_from, repository)
    print(f"{place}: balanced accuracy {chosen['balanced_accuracy']:.3f} on validation")


def read_weights_digest(traced: TracedPredictions, path) -> str:
    """The digest of the weights of the network that said these predictions."""
    return traced.links[str(path)]["weights"]


if __name__ == "__main__":
    from pathlib import Path

    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0]):
        pairs = zip(snakemake.input.splits, snakemake.input.summaries, strict=True)
        choose_student(
            paths_to_predictions=list(snakemake.input.predictions),
            paths_to_networks=list(snakemake.input.networks),
            splits={int(Path(split).stem.removeprefix("fold")): (split, about) for split, about in pairs},
            arms=dict(snakemake.params.arms),
            study=dict(snakemake.params.study),
            repository=snakemake.params.repository,
            path_to_choice=snakemake.output.choice,
        )
