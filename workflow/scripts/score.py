"""Score one arm: every metric over its folds and seeds, with intervals over lesions."""

from skinkd.records import write_record
from skinkd.scores import score


def score_arm(paths_to_predictions, paths_to_baseline, resamples, confidence, seed, path_to_scores):
    """Read the arm's predictions and its baseline's, write one record of scores."""
    record = score(
        list(paths_to_predictions),
        list(paths_to_baseline),
        resamples=resamples,
        confidence=confidence,
        seed=seed,
    )
    write_record(path_to_scores, record)
    print(f"{len(record['metrics'])} values on {record['n_images']} images of {record['n_lesions']} lesions")


if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0], snakemake.output.cost):
        score_arm(
            paths_to_predictions=snakemake.input.predictions,
            paths_to_baseline=snakemake.input.get("baseline", []),
            resamples=snakemake.params.resamples,
            confidence=snakemake.params.confidence,
            seed=snakemake.params.seed,
            path_to_scores=snakemake.output.scores,
        )
