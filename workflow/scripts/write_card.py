"""Write the model card of the student that ships."""

from pathlib import Path

from skinkd.atomic import write_text
from skinkd.data_files import read_summary
from skinkd.deploy.card import model_card
from skinkd.deploy.records import read_record_of
from skinkd.intact import read_sealed
from skinkd.jobs import logged_to

RECORDS = ("about", "choice", "export", "quantisation", "evaluation", "latency")


def write_card(paths, splits, path_to_manifest, told, path_to_template, path_to_card):
    """Read every record of the deployment, write the card.

    Args:
        paths: of the records by name.
        splits: paths of all candidates' tables and summaries.
        told: `source`, `statements` and `citation`, from the config.
    """
    records = {name: read_record_of(path) for name, path in paths.items()}
    wanted = f"fold{records['about']['fold']}"
    table, summary = next(pair for pair in zip(*splits, strict=True) if Path(pair[0]).stem == wanted)
    records["split"] = read_summary(summary, table)
    records["manifest"] = read_sealed(path_to_manifest, "archive")
    write_text(path_to_card, model_card(records | told, path_to_template))
    print(f"{len(records)} records")


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        write_card(
            paths={name: snakemake.input[name] for name in RECORDS},
            splits=(list(snakemake.input.splits), list(snakemake.input.summaries)),
            path_to_manifest=snakemake.input.manifest,
            told={key: snakemake.params[key] for key in ("source", "statements", "citation")},
            path_to_template=snakemake.input.template,
            path_to_card=snakemake.output.card,
        )
