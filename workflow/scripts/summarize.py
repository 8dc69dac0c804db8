"""Summarize the study: published values beside ours, and everything else that the report shows."""

from pathlib import Path

from skinkd.assumptions import collect_assumptions
from skinkd.checkpoints import read_description
from skinkd.config import PROTOCOLS
from skinkd.costs import read_cost
from skinkd.ended import check_that_something_ended
from skinkd.origins import describe_files, describe_origins, whole_provenance
from skinkd.provenance import describe_networks, describe_run, read_training
from skinkd.published import printed_classes, read_published
from skinkd.records import read_record, write_record
from skinkd.study import describe_papers, describe_scale, open_study
from skinkd.summary import summarize


def summarize_study(
    config,
    paths_to_scores,
    paths_to_splits,
    paths_to_manifests,
    paths_to_published,
    paths_to_networks,
    paths_to_histories,
    paths_to_pictures,
    paths_to_costs,
    paths_to_predictions,
    missing,
    path_to_repository,
    path_to_results,
    path_to_provenance,
):
    """Read all records, write results.json and provenance.json.

    Raises:
        InputError: where there is no score.
    """
    check_that_something_ended(paths_to_scores, missing)
    study = open_study(config)
    published = [row for path in paths_to_published for row in read_published(path)]
    splits = [read_record(path) for path in paths_to_splits]
    manifests = [read_record(path) for path in paths_to_manifests]
    networks = [read_description(path) for path in paths_to_networks]
    papers = describe_papers(
        study,
        classes=printed_classes(published) | {split["paper"]: split["classes"] for split in splits},
        parameters={(network["paper"], network["arm"]): network["parameters"] for network in networks},
    )
    runs = describe_files(networks, paths_to_networks, paths_to_predictions, paths_to_splits)
    made = describe_run(path_to_repository, config, networks)
    results = summarize(
        study=describe_scale(study),
        papers=papers,
        protocols={protocol: PROTOCOLS[protocol] for protocol in study.config.protocols},
        published=published,
        scores=[read_record(path) for path in paths_to_scores],
        splits=splits,
        sources={manifest["source"]: manifest for manifest in manifests},
        networks=describe_networks(networks),
        training=read_training(paths_to_histories, networks, papers),
        pictures={Path(path).stem: read_record(path) for path in paths_to_pictures},
        assumptions=collect_assumptions(path_to_repository),
        cost=read_cost(paths_to_costs),
        provenance=made | describe_origins(path_to_repository, config, runs),
        missing=missing,
    )
    write_record(path_to_results, results)
    write_record(path_to_provenance, whole_provenance(results, path_to_repository, paths_to_scores))
    print(f"{len(results['scores'])} arms, {len(results['cells'])} values beside the papers'")


if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0]):
        summarize_study(
            config=snakemake.params.config,
            paths_to_scores=snakemake.input.scores,
            paths_to_splits=snakemake.input.splits,
            paths_to_manifests=snakemake.input.manifests,
            paths_to_published=snakemake.input.published,
            paths_to_networks=snakemake.input.networks,
            paths_to_histories=snakemake.input.histories,
            paths_to_pictures=snakemake.input.pictures,
            paths_to_costs=snakemake.input.costs,
            paths_to_predictions=snakemake.input.predictions,
            missing=snakemake.params.missing,
            path_to_repository=snakemake.params.repository,
            path_to_results=snakemake.output.results,
            path_to_provenance=snakemake.output.provenance,
        )
