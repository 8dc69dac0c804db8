"""Summarize the study: published values beside ours, and everything else that the report shows."""

from pathlib import Path

from skinkd.assumptions import collect_assumptions
from skinkd.chain import check_chain
from skinkd.checklists import read_checklist
from skinkd.checkpoints import read_description
from skinkd.config import PROTOCOLS
from skinkd.costs import read_cost
from skinkd.data_files import read_summary
from skinkd.deviations import deviations, read_rules
from skinkd.ended import check_that_something_ended
from skinkd.energy import energies, read_power
from skinkd.intact import read_sealed
from skinkd.origins import describe_files, describe_origins, whole_provenance
from skinkd.plausibility.auditing import audit
from skinkd.plausibility.claims_file import read_claims
from skinkd.provenance import describe_networks, describe_run, read_training
from skinkd.published import printed_classes, read_published
from skinkd.records import read_record, write_record
from skinkd.study import describe_papers, describe_scale, open_study
from skinkd.summary import summarize
from skinkd.trials.declared import read_trials


def summarize_study(
    config,
    paths_to_scores,
    paths_to_splits,
    paths_to_tables,
    paths_to_audits,
    paths_to_manifests,
    paths_to_published,
    paths_to_claims,
    paths_to_trials,
    path_to_contrasts,
    paths_to_checklists,
    path_to_power,
    path_to_deviations,
    paths_to_networks,
    paths_to_teachers,
    paths_to_predictions,
    paths_to_histories,
    paths_to_pictures,
    paths_to_costs,
    missing,
    path_to_repository,
    path_to_results,
    path_to_provenance,
):
    """Read all records, see that they belong together, write results.json and provenance.json.

    Raises:
        InputError: where there is no score, or files do not belong together.
    """
    check_that_something_ended(paths_to_scores, missing)
    study = open_study(config)
    published = [row for path in paths_to_published for row in read_published(path)]
    records = {
        "manifests": {path: read_sealed(path, "archive") for path in paths_to_manifests},
        "splits": {
            path: read_summary(path, table)
            for path, table in zip(paths_to_splits, paths_to_tables, strict=True)
        },
        "networks": {path: read_description(path) for path in [*paths_to_networks, *paths_to_teachers]},
        "scores": {path: read_sealed(path, "scores") for path in paths_to_scores},
    }
    check_chain(study, **records, predictions=paths_to_predictions, histories=paths_to_histories)
    manifests, splits, scores = (list(records[name].values()) for name in ("manifests", "splits", "scores"))
    networks = [records["networks"][path] for path in paths_to_networks]
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
        scores=scores,
        splits=splits,
        audits={audit["paper"]: audit for audit in map(read_record, paths_to_audits)},
        sources={manifest["source"]: manifest for manifest in manifests},
        networks=describe_networks(networks),
        training=read_training(paths_to_histories, networks, papers),
        pictures={Path(path).stem: read_record(path) for path in paths_to_pictures},
        plausibility=audit(
            published, {Path(path).stem: read_claims(path) for path in paths_to_claims}, papers
        ),
        assumptions=collect_assumptions(path_to_repository),
        cost=read_cost(paths_to_costs),
        provenance=made | describe_origins(path_to_repository, config, runs),
        missing=missing,
        trials={Path(path).stem: read_trials(path) for path in paths_to_trials},
        contrasts=read_record(path_to_contrasts),
        checklists=[read_checklist(path) for path in paths_to_checklists],
        deviations=deviations(study, read_rules(path_to_deviations)),
        energy=energies(networks, study.config.device.threads, read_power(path_to_power)),
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
            paths_to_tables=snakemake.input.tables,
            paths_to_audits=snakemake.input.audits,
            paths_to_manifests=snakemake.input.manifests,
            paths_to_published=snakemake.input.published,
            paths_to_claims=snakemake.input.claims,
            paths_to_trials=snakemake.input.trials,
            path_to_contrasts=snakemake.input.contrasts,
            paths_to_checklists=snakemake.input.checklists,
            path_to_power=snakemake.input.power,
            path_to_deviations=snakemake.input.deviations,
            paths_to_networks=snakemake.input.networks,
            paths_to_teachers=snakemake.input.teachers,
            paths_to_predictions=snakemake.input.predictions,
            paths_to_histories=snakemake.input.histories,
            paths_to_pictures=snakemake.input.pictures,
            paths_to_costs=snakemake.input.costs,
            missing=snakemake.params.missing,
            path_to_repository=snakemake.params.repository,
            path_to_results=snakemake.output.results,
            path_to_provenance=snakemake.output.provenance,
        )
