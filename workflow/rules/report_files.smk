"""The files behind the reports: that of the whole study, and that of what did end.

needs   nothing
makes   nothing; names that the rules of the reports use
"""

from skinkd.ended import ended_cells, missing_cells

PARTIAL = f"{RESULTS}/report-partial"
SAMPLES = [f"{RESULTS}/ingest/{source}/samples.png" for source in STUDY.sources()]
TEMPLATES = [f"report/report.{suffix}" for suffix in ("html.jinja", "css", "js", "tex.jinja")]


def inputs_of_report(cells, runs):
    """The files of these arms and of their runs of which the report speaks, and what they share."""
    folds = [(*key, fold) for key, resolved in STUDY.papers.items() for fold in resolved.folds]
    return {
        "scores": [f"{RESULTS}/scores/{'/'.join(cell)}.json" for cell in cells],
        "networks": of_runs("networks", "safetensors", runs),
        "histories": of_runs("histories", "csv", runs),
        "predictions": of_runs("predictions", "csv", runs),
        "splits": [f"{RESULTS}/split/{paper}/{protocol}/fold{fold}.json" for paper, protocol, fold in folds],
        "tables": [f"{RESULTS}/split/{paper}/{protocol}/fold{fold}.csv" for paper, protocol, fold in folds],
        "audits": [f"{RESULTS}/audit/{paper}.json" for paper in STUDY.config.papers],
        "teachers": [f"{RESULTS}/networks/{RUN.format(**run._asdict())}.safetensors" for run in TEACHERS],
        "manifests": [f"{RESULTS}/ingest/{source}/manifest.json" for source in STUDY.sources()],
        "costs": [*costs_of_study(), *(f"{RESULTS}/costs/explain/{stem}.json" for stem in PICTURES)],
        "pictures": [f"{REPORT}/pictures/{stem}.json" for stem in PICTURES],
    }


def published_tables():
    """What the papers print."""
    return [f"config/papers/{paper}.csv" for paper in STUDY.config.papers]


def there(paths):
    """Those paths that exist, in full: as such they are no rule's output, and so nothing is run for them."""
    return [os.path.abspath(path) for path in paths if os.path.exists(path)]


def manifest_of(path_to_split):
    """The manifest of the archive that a split divides."""
    paper, protocol = Path(path_to_split).parts[-3:-1]
    return f"{RESULTS}/ingest/{STUDY.paper(paper, protocol).source}/manifest.json"


def what_ended(wildcards):
    """The files behind the arms that did end."""
    cells = ended_cells(STUDY, RESULTS)
    runs = [(*cell, *run) for cell in cells for run in STUDY.runs(*cell[:2])]
    inputs = inputs_of_report(cells, runs)
    # A split says nothing without its archive.
    for name in ("splits", "tables"):
        inputs[name] = [path for path in inputs[name] if os.path.exists(manifest_of(path))]
    return {name: there(paths) for name, paths in inputs.items()}
