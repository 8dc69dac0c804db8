"""The chain behind a report, from archive to scores: each file is made from those before it.

Whether the files are those of the present config, too: Snakemake knows that from its records, which somebody
may have deleted.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from skinkd.asked import differences, training_asked
from skinkd.atomic import digest_of
from skinkd.data_files import OF_ARCHIVE
from skinkd.errors import InputError, examples
from skinkd.intact import shown
from skinkd.study import Study

Break = tuple[object, str]


def check_chain(
    study: Study,
    *,
    manifests: Mapping,
    splits: Mapping,
    networks: Mapping,
    predictions: list,
    histories: list,
    scores: Mapping,
) -> None:
    """See that all files of a study belong together and are what its config asks for.

    Args:
        manifests, splits, scores: records by path.
        networks: descriptions by path, those of teachers that are no arms of the study, too.
        predictions, histories: paths.

    Raises:
        InputError: naming the first file, in the order in which the data flows, that does not.
    """
    written = {name: _by_run(paths) for name, paths in (("predictions", predictions), ("history", histories))}
    broken = [
        *_of_archives(study, manifests),
        *_of_splits(study, splits, manifests),
        *_of_networks(study, networks, splits),
        *_of_teachers(study, networks),
        *(each for name, paths in written.items() for each in _of_written(name, paths, networks)),
        *_of_scores(study, scores, networks),
    ]
    if broken:
        (path, what), *others = broken
        more = f" (the first of {len(broken)} such files)" if others else ""
        raise InputError(
            "chain",
            f"{path}: {what}{more}",
            "The report would show numbers of another run as those of this config",
            f"delete {examples(dict.fromkeys(path for path, _ in broken))} and run again",
        )


def _of_archives(study: Study, manifests: Mapping) -> Iterator[Break]:
    for path, manifest in manifests.items():
        yield from _differing(path, {"size_px": manifest["size_px"]}, {"size_px": study.config.size_px})


def _of_splits(study: Study, splits: Mapping, manifests: Mapping) -> Iterator[Break]:
    by_source = {manifest["source"]: (path, manifest) for path, manifest in manifests.items()}
    for path, split in splits.items():
        resolved = study.paper(split["paper"], split["protocol"])
        path_to_manifest, manifest = by_source[resolved.source]
        for key in OF_ARCHIVE:
            yield from _other(path, key.removesuffix("_sha256"), split[key], manifest[key], path_to_manifest)
        asked = {"name": resolved.split.name, "parameters": resolved.split.parameters}
        yield from _differing(path, split["rule"], asked)


def _of_networks(study: Study, networks: Mapping, splits: Mapping) -> Iterator[Break]:
    by_fold = {_fold_of(split): (path, split["split_sha256"]) for path, split in splits.items()}
    for path, network in networks.items():
        if run_in(path) != run_of(network):
            yield path, f"it holds the run {run_of(network)}"
            continue
        run = [network[key] for key in ("paper", "protocol", "arm", "fold", "seed")]
        yield from _differing(path, network["told"], training_asked(study, *run))
        path_to_split, digest = by_fold[_fold_of(network)]
        yield from _other(path, "split", network["split"], digest, path_to_split)


def _of_teachers(study: Study, networks: Mapping) -> Iterator[Break]:
    """Each student's teachers are those that are there."""
    weights = {run_of(network): (path, network["weights"]) for path, network in networks.items()}
    for path, network in networks.items():
        teachers = study.arm(network["paper"], network["protocol"], network["arm"]).teachers
        for name, digest in zip(teachers, network["teachers"], strict=False):
            run = run_of(network | {"arm": name, "seed": study.config.teacher_seed})
            if run in weights:
                yield from _other(path, f"teacher {name}", digest, weights[run][1], weights[run][0])


def _of_written(name: str, paths: dict, networks: Mapping) -> Iterator[Break]:
    """What a network's job wrote beside it."""
    for path_to_network, network in networks.items():
        if path := paths.get(run_of(network)):
            yield from _other(path, name, digest_of(path), network[name], path_to_network)


def _of_scores(study: Study, scores: Mapping, networks: Mapping) -> Iterator[Break]:
    by_run = {run_of(network): (path, network) for path, network in networks.items()}
    for path, score in scores.items():
        done = {key: score[key] for key in ("resamples", "confidence")} | {"seed": score["resampling_seed"]}
        yield from _differing(path, done, study.config.statistics.model_dump(include=set(done)))
        for arm, links in ((score["arm"], "runs"), (score["baseline"], "baseline")):
            for link in score["made_from"][links]:
                path_to_network, network = by_run.get(run_of(score | link | {"arm": arm}), (None, link))
                for key in ("split", "weights", "predictions"):
                    yield from _other(path, f"{key} of {arm}", link[key], network[key], path_to_network)


def _differing(path, done, asked) -> Iterator[Break]:
    """A file that was made by another config."""
    if lines := differences(done, asked):
        yield path, f"it was made by another config: {'; '.join(lines[:3])}" + _more(lines)


def _more(lines: list[str]) -> str:
    return f" and {len(lines) - 3} more values" if lines[3:] else ""


def _other(path, kind: str, found: str, wanted: str, said_by) -> Iterator[Break]:
    """A file that belongs to another one than is there."""
    if found != wanted:
        yield path, f"its {kind} is {shown(found)}, that of {said_by} is {shown(wanted)}"


def _fold_of(record: Mapping) -> tuple:
    return record["paper"], record["protocol"], record["fold"]


def run_of(record: Mapping) -> str:
    """The place of a run below the folder of a stage, without suffix."""
    return "{paper}/{protocol}/{arm}/fold{fold}-seed{seed}".format_map(record)


def run_in(path) -> str:
    """The same, from the path of one of its files."""
    return "/".join(Path(path).with_suffix("").parts[-4:])


def _by_run(paths: list) -> dict:
    return {run_in(path): path for path in paths}
