"""Which files a study makes, and which of them one arm needs; paths below the folder of results."""

from dataclasses import replace

from skinkd import grid, picture_catalogue
from skinkd.study import Study


def files_of(study: Study) -> list[str]:
    """Everything from the archives to the results, but for what is drawn from the results in a minute.

    An archive in one form lacks files that another has: they are named here and never exist.
    """
    return [
        *_archives(study),
        *_files_of_runs(study),
        *(file for stem in picture_catalogue.catalogue(study) for file in _files_of_picture(stem)),
        "report/results.json",
    ]


def files_needed_by(study: Study, paper: str, protocol: str, arm: str) -> list[str]:
    """What one arm, its teachers and its baseline are made from and leave behind; no archive.

    Raises:
        InputError: where the study has no such arm.
    """
    return _files_of_runs(_alone(study, paper, protocol, arm))


def _alone(study: Study, paper: str, protocol: str, arm: str) -> Study:
    """The study as if its lists named nothing but an arm and what it is compared with."""
    baseline = study.arm(paper, protocol, arm).baseline
    arms = [arm, *([baseline] if baseline in study.arms(paper, protocol) and baseline != arm else [])]
    lists = {"papers": [paper], "protocols": [protocol], "arms": {paper: {protocol: arms}}}
    papers = {(paper, protocol): study.paper(paper, protocol)}
    return replace(study, config=study.config.model_copy(update=lists), papers=papers)


def _archives(study: Study) -> list[str]:
    """Archives of the sources, of those that lend them lesions, and what it cost to draw them."""
    sources = study.sources()
    lenders = {getattr(study.config.sources[name], "lesions_from", None) for name in sources} - {None}
    return [
        place.format(name)
        for name in sorted({*sources, *lenders})
        for place in (
            "archive/{}/images.zip",
            "archive/{}/ground_truth.csv",
            "archive/{}/metadata.csv",
            "costs/draw_archive/{}.json",
            "costs/draw_folders/{}.json",
        )
    ]


def _files_of_runs(study: Study) -> list[str]:
    """Packed pictures, weights, splits, networks and what they say, and scores."""
    return [
        *(file for source in study.sources() for file in _files_of_source(source)),
        *_weights(study),
        *(
            f"split/{paper}/{protocol}/fold{fold}.{form}"
            for paper, protocol, fold in grid.splits(study)
            for form in ("csv", "json")
        ),
        *_networks(study),
        *(f"{place}/{'/'.join(cell)}.json" for cell in study.cells() for place in ("scores", "costs/score")),
    ]


def _files_of_source(source: str) -> list[str]:
    """The packed pictures of a source."""
    names = ("images.npy", "images.csv", "manifest.json", "samples.png")
    return [*(f"ingest/{source}/{name}" for name in names), f"costs/ingest/{source}.json"]


def _weights(study: Study) -> list[str]:
    """Pretrained weights that networks start from."""
    names = {study.network(*run.cell)["weights"] for run in grid.trainings(study)} - {None}
    return [f"weights/{name}/{study.config.weights[name].name}" for name in sorted(names)]


def _networks(study: Study) -> list[str]:
    """Whatever trainings, teachers' logits and self-supervision heads leave behind."""
    of_training = ("networks/{}.safetensors", "histories/{}.csv", "predictions/{}.csv", "costs/train/{}.json")
    of_targets = ("targets/{}.safetensors", "costs/cache_targets/{}.json")
    of_head = ("projections/{}.safetensors", "projections/{}.csv", "costs/train_projection/{}.json")
    return [
        pattern.format("{}/{}/{}/fold{}-seed{}".format(*run))
        for runs, patterns in (
            (grid.trainings(study), of_training),
            (grid.targets(study), of_targets),
            (grid.projections(study), of_head),
        )
        for run in runs
        for pattern in patterns
    ]


def _files_of_picture(stem: str) -> list[str]:
    """A figure made of photographs: what is said of it, its folder, its cost."""
    return [f"report/pictures/{stem}.json", f"report/pictures/{stem}", f"costs/explain/{stem}.json"]
