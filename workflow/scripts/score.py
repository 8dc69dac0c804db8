"""Score one arm: every metric over its folds and seeds, with intervals over lesions."""

from pathlib import Path

from skinkd.atomic import digest_of
from skinkd.details.subgroups import read_about
from skinkd.intact import sealed
from skinkd.records import rounded, write_record
from skinkd.scores import score
from skinkd.traced_predictions import TracedPredictions


def score_arm(
    paths_to_predictions,
    paths_to_baseline,
    networks,
    splits,
    path_to_table,
    source,
    resamples,
    confidence,
    seed,
    path_to_scores,
):
    """Read the arm's predictions and its baseline's, write one record of scores and of what they rest on.

    Args:
        networks: path of the network by path of its predictions.
        splits: paths of table and summary by fold.
        path_to_table: all images of the archive, with what is known of them.
        source: the archive's name.
    """
    sides, traced = [list(paths_to_predictions), list(paths_to_baseline)], TracedPredictions(networks, splits)
    drawn = {"resamples": resamples, "confidence": confidence, "seed": seed}
    about = read_about(path_to_table, [summary for _, summary in splits.values()], source)
    record = score(*sides, **drawn, read=traced.read, about=about)
    runs, baseline = map(traced.links_of, sides)
    record["made_from"] = {"runs": runs, "baseline": baseline, "table": digest_of(path_to_table)}
    write_record(path_to_scores, sealed(rounded(record)))
    print(f"{len(record['metrics'])} values on {record['n_images']} images of {record['n_lesions']} lesions")


def networks_of(inputs) -> dict:
    """Path of the network by path of its predictions."""
    pairs = [
        *zip(inputs.predictions, inputs.networks, strict=True),
        *zip(inputs.baseline, inputs.baseline_networks, strict=True),
    ]
    return dict(pairs)


def splits_of(inputs) -> dict:
    """Paths of table and summary by fold."""
    pairs = zip(inputs.splits, inputs.summaries, strict=True)
    return {int(Path(split).stem.removeprefix("fold")): (split, summary) for split, summary in pairs}


if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0], snakemake.output.cost):
        score_arm(
            paths_to_predictions=snakemake.input.predictions,
            paths_to_baseline=snakemake.input.baseline,
            networks=networks_of(snakemake.input),
            splits=splits_of(snakemake.input),
            path_to_table=snakemake.input.table,
            source=snakemake.params.source,
            resamples=snakemake.params.resamples,
            confidence=snakemake.params.confidence,
            seed=snakemake.params.seed,
            path_to_scores=snakemake.output.scores,
        )
