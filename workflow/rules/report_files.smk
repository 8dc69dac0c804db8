"""The files behind the reports: that of the whole study, and that of what did end.

needs   nothing
makes   nothing; names that the rules of the reports use
"""

from skinkd.ended import ended_cells, missing_cells
from skinkd.signatures import names_in

PARTIAL = f"{RESULTS}/report-partial"
# The plausibility audit builds networks by name.
SUMMARY_CODE = imports_of("summarize.py", *(f"skinkd.networks.{name}" for name in names_in("networks")))
SAMPLES = [f"{RESULTS}/ingest/{source}/samples.png" for source in STUDY.sources()]
TEMPLATES = [f"report/report.{suffix}" for suffix in ("html.jinja", "css", "js", "tex.jinja")]
TEMPLATES += ["report/tables.js", "report/shown.html.jinja", "report/checklists.html.jinja"]
CHECKLISTS = [f"report/checklists/{name}.yaml" for name in ("rescience", "neurips", "claim_tripod_ai")]


def shown(path, caption, category, subcategory=None):
    """An output that `snakemake --report` shows, under its own name."""
    return report(
        path,
        caption=f"../../report/captions/{caption}.rst",
        category=category,
        subcategory=subcategory,
        labels={"file": Path(path).name},
    )


def inputs_of_report(cells, runs):
    """The files of these arms and of their runs of which the report speaks, and what they share."""
    protocols = {cell[:2] for cell in cells}
    folds = [(*key, fold) for key, resolved in STUDY.papers.items() for fold in resolved.folds]
    return {
        "scores": [f"{RESULTS}/scores/{'/'.join(cell)}.json" for cell in cells],
        "networks": of_runs("networks", "safetensors", runs),
        "histories": of_runs("histories", "csv", runs),
        "predictions": of_runs("predictions", "csv", runs),
        "splits": [f"{RESULTS}/split/{paper}/{protocol}/fold{fold}.json" for paper, protocol, fold in folds],
        "tables": [f"{RESULTS}/split/{paper}/{protocol}/fold{fold}.csv" for paper, protocol, fold in folds],
        "audits": [f"{RESULTS}/audit/{paper}.json" for paper in STUDY.config.papers],
        "teachers": of_runs("networks", "safetensors", [run for run in TEACHERS if run[:2] in protocols]),
        "manifests": [f"{RESULTS}/ingest/{source}/manifest.json" for source in STUDY.sources()],
        "costs": [*costs_of_study(), *(f"{RESULTS}/costs/explain/{stem}.json" for stem in PICTURES)],
        "pictures": [f"{REPORT}/pictures/{stem}.json" for stem in PICTURES],
    }


def papers_files():
    """What says of the papers which arms, tables and figures they have."""
    return [f"config/papers/{paper}.yaml" for paper in with_extended(STUDY.config.papers)]


def published_tables():
    """What the papers print."""
    return [f"config/papers/{paper}.csv" for paper in STUDY.config.papers]


def claims_of_text():
    """What the papers' text says of their numbers; a paper may have no such file."""
    paths = [f"config/claims/{paper}.yaml" for paper in STUDY.config.papers]
    return [path for path in paths if os.path.exists(path)]


def trials_of_papers():
    """What the papers claim and how it is tested; a paper may have no such file."""
    paths = [f"config/trials/{paper}.yaml" for paper in STUDY.config.papers]
    return [path for path in paths if os.path.exists(path)]


def taught_in(cells):
    """Student, teacher and the seed of the teacher's run; the student alone stands beside the same teacher."""
    found = []
    for paper, protocol, name in cells:
        arm = STUDY.arm(paper, protocol, name)
        for student in filter(None, (arm.baseline, name)):
            pairs = [
                (paper, protocol, student, teacher, STUDY.config.teacher_seed) for teacher in arm.teachers
            ]
            found += [pair for pair in pairs if pair not in found and pair[2] != pair[3]]
    return found


def there(paths):
    """Those paths that exist, in full: as such they are no rule's output, and so nothing is run for them."""
    return [os.path.abspath(path) for path in paths if os.path.exists(path)]


def is_whole(path_to_split):
    """Whether a split is there with its table and the archive that it divides."""
    place = Path(path_to_split)
    source = STUDY.paper(*place.parts[-3:-1]).source
    manifest = f"{RESULTS}/ingest/{source}/manifest.json"
    return all(map(os.path.exists, (place.with_suffix(".csv"), place.with_suffix(".json"), manifest)))


def what_ended(wildcards):
    """The files behind the arms that did end."""
    inputs = inputs_of_report(ended_cells(STUDY, RESULTS), runs_that_ended())
    for name in ("splits", "tables"):
        inputs[name] = [path for path in inputs[name] if is_whole(path)]
    return {name: there(paths) for name, paths in inputs.items()}


def runs_that_ended(wildcards=None):
    """The runs of the arms that did end."""
    return [(*cell, *run) for cell in ended_cells(STUDY, RESULTS) for run in STUDY.runs(*cell[:2])]
