"""The complete grid of a study: the jobs that `snakemake report` runs from nothing, counted without it."""

import hashlib
import json
from collections.abc import Callable
from typing import NamedTuple

from skinkd import picture_catalogue
from skinkd.config import INJECTED
from skinkd.signatures import classes_of
from skinkd.study import Study

# Files of an archive in the form of a challenge, and what the config calls them.
ARCHIVE_FILES = {
    "images.zip": "images",
    "ground_truth.csv": "ground_truth",
    "metadata.csv": "metadata",
}


class Run(NamedTuple):
    """One network that is trained."""

    paper: str
    protocol: str
    arm: str
    fold: int
    seed: int

    @property
    def cell(self) -> tuple[str, str, str]:
        """Its paper, protocol and arm."""
        return self[:3]


def trainings(study: Study) -> list[Run]:
    """Every run of the arms on the study's lists, and the teachers that they need."""
    found = [Run(*cell, *run) for cell in cells(study) for run in study.runs(*cell[:2])]
    known = set(found)
    for run in found:  # grows: a teacher may have teachers
        new = [teacher for teacher in teachers_of(study, run) if teacher not in known]
        found += new
        known.update(new)
    return found


def teachers_of(study: Study, run: Run) -> list[Run]:
    """The runs that a run learns from."""
    teachers = study.arm(*run.cell).teachers
    return [run._replace(arm=teacher, seed=study.config.teacher_seed) for teacher in teachers]


def targets(study: Study) -> list[Run]:
    """The teachers whose logits are cached."""
    return _teachers(study, lambda run: study.teaches(*run.cell) == "cached")


def projections(study: Study) -> list[Run]:
    """The teachers that get a self-supervision head."""
    return _teachers(study, lambda run: "teacher_projection" in study.inputs(*run.cell))


def _teachers(study: Study, of: Callable[[Run], bool]) -> list[Run]:
    """Each teacher of some of the runs, once."""
    return list(dict.fromkeys(t for run in trainings(study) if of(run) for t in teachers_of(study, run)))


def splits(study: Study) -> list[tuple[str, str, int]]:
    """Each (paper, protocol, fold) that is divided into parts."""
    injected = [(paper, INJECTED) for paper in study.config.papers if study.injected(paper)]
    return [(*key, fold) for key in [*study.papers, *injected] for fold in study.paper(*key).folds]


def splits_of(study: Study, paper: str) -> list[dict]:
    """Protocol, fold and source of each split of a paper."""
    return [
        {"protocol": protocol, "fold": fold, "source": study.paper(paper, protocol).source}
        for name, protocol, fold in splits(study)
        if name == paper
    ]


def sources_of(study: Study, paper: str) -> list[str]:
    """The archives of a paper, once each."""
    return sorted({split["source"] for split in splits_of(study, paper)})


def cells_of(study: Study, paper: str) -> list[tuple[str, str, str]]:
    """Every (paper, protocol, arm) of a paper that runs, both sides of injected leaks among them."""
    return [cell for cell in cells(study) if cell[0] == paper]


def cells(study: Study) -> list[tuple[str, str, str]]:
    """Every (paper, protocol, arm) that runs, both sides of injected leaks among them."""
    return list(dict.fromkeys([*study.cells(), *study.injected_cells()]))


def downloads(study: Study) -> list[tuple[str, str]]:
    """Source and name of each file of an archive that is fetched."""
    sources = {name: study.config.sources[name] for name in study.sources()}
    challenges = [name for name, source in sources.items() if source.kind == "isic_challenge"]
    # Folders by class take their lesions from the metadata of a challenge, which may not be in the study.
    lenders = {getattr(source, "lesions_from", None) for source in sources.values()} - {None, *challenges}
    files = [(name, file) for name in challenges for file in ARCHIVE_FILES]
    return files + [(name, "metadata.csv") for name in sorted(lenders)]


def weights_used(study: Study) -> list[str]:
    """The pretrained weights that some training starts from."""
    return sorted({study.network(*cell)["weights"] for cell in study.trained} - {None})


def start_of(study: Study, paper: str, protocol: str, arm: str) -> str | None:
    """A name for an arm's network and the weights that it starts from; None where it starts at random."""
    spec = study.network(paper, protocol, arm)
    if spec["weights"] is None:
        return None
    told = json.dumps(_network_of(study, paper, protocol, arm), sort_keys=True)
    return f"{spec['weights']}/{spec['name']}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def _network_of(study: Study, paper: str, protocol: str, arm: str) -> dict:
    """What builds an arm's network: name, parameters and number of classes."""
    spec = study.network(paper, protocol, arm)
    classes = len(classes_of(study.paper(paper, protocol).split.name))
    return {"name": spec["name"], "parameters": spec["parameters"], "classes": classes}


def starts(study: Study) -> dict[str, dict]:
    """What builds each network that starts from pretrained weights, by the name that `start_of` gives it."""
    return {start: _network_of(study, *cell) for cell in study.trained if (start := start_of(study, *cell))}


def batches(study: Study, paper: str, protocol: str) -> dict[str, int]:
    """Images in a batch of each arm that is trained, and of the self-supervision heads, if any."""
    cells = [cell for cell in study.trained if cell[:2] == (paper, protocol)]
    found = {cell[2]: study.training(*cell)["batch_size"] for cell in cells}
    if any("teacher_projection" in study.inputs(*cell) for cell in cells):
        found["self_supervision"] = study.paper(paper, protocol).self_supervision.batch_size
    return found


def count_jobs(study: Study) -> dict[str, int]:
    """Jobs of each rule, rules without any left out; in the order in which the data flows."""
    counts = {
        **_jobs_of_archives(study),
        "ingest": len(study.sources()),
        "draw_samples": len(study.sources()),
        "hash_pictures": len(study.sources()),
        "split": len(splits(study)),
        "validate_split": len(splits(study)),
        "validate_weights": len(starts(study)),
        "train": len(trainings(study)),
        "cache_targets": len(targets(study)),
        "train_projection": len(projections(study)),
        "score": len(study.cells()),
        "contrast": 1,
        "audit": len(study.config.papers),
        "explain": len(picture_catalogue.catalogue(study)),
        **dict.fromkeys(("note_config", "summarize", "draw", "render", "report"), 1),
    }
    return {rule: count for rule, count in counts.items() if count}


def _jobs_of_archives(study: Study) -> dict[str, int]:
    """Jobs that draw, fetch or pack what a study starts from."""
    sources = [study.config.sources[name] for name in study.sources()]
    drawn = [source.form for source in sources if source.kind == "synthetic"]
    return {
        "draw_archive": drawn.count("isic_challenge"),
        "draw_folders": drawn.count("class_folders"),
        "pack_folders": sum(source.kind == "class_folders" for source in sources),
        "download": len(downloads(study)),
        "fetch_weights": len(weights_used(study)),
    }
