"""The files behind each number, by their digests, and the code that made them."""

import hashlib
import os
import subprocess
from pathlib import Path

from skinkd.atomic import digest_of
from skinkd.provenance import COMPUTING, OUTPUTS

RUN = ("paper", "protocol", "arm", "fold", "seed")
# What a job runs or reads of the working tree, beside its inputs.
SOURCES = ("Snakefile", "workflow", "report", "config")
LOCK = "requirements.lock"


def describe_origins(repository, config: dict, runs: list[dict]) -> dict:
    """What results.json says of code, seeds and files.

    Args:
        repository: root of the working tree.
        config: the resolved config.
        runs: from `describe_files`.
    """
    diff = diff_of(repository)
    return {
        "source_sha256": digest_of_source(repository),
        "lock_sha256": digest_of_lock(repository),
        "diff": {key: value for key, value in diff.items() if key != "text"},
        "seeds": seeds_of(config),
        "runs": runs,
    }


def whole_provenance(results: dict, repository, paths_to_scores) -> dict:
    """The content of provenance.json: the provenance of results.json, and what is too long for it."""
    data = {
        name: {key: value for key, value in source.items() if key.endswith("_sha256")}
        for name, source in results["data"]["sources"].items()
    }
    more = {"diff": diff_of(repository), "data": data, "cost": results["cost"]}
    return results["provenance"] | more | {"scores": [_file(path) for path in paths_to_scores]}


def describe_files(
    descriptions: list[dict], paths_to_networks, paths_to_predictions, paths_to_splits
) -> list[dict]:
    """For each run, how it was computed, and the files that its numbers come from.

    Args:
        descriptions: of the trained networks, in the order of the paths to them and to their predictions.
        paths_to_splits: `.../split/<paper>/<protocol>/fold<fold>.json`; beside it is the split, as csv.
    """
    tables = [Path(path).with_suffix(".csv") for path in paths_to_splits]
    splits = {(*path.parts[-3:-1], path.stem): path for path in tables}
    return [
        {
            **{key: network[key] for key in RUN},
            **{key: network[key] for key in ("hardware", *COMPUTING)},
            # Runs of before this was counted do not say it.
            "restarts": network.get("restarts"),
            "weights_sha256": network.get("weights"),
            "files": {
                "split": _file(splits[network["paper"], network["protocol"], f"fold{network['fold']}"]),
                "network": _file(path_to_network),
                "predictions": _file(path_to_predictions),
            },
        }
        for network, path_to_network, path_to_predictions in zip(
            descriptions, paths_to_networks, paths_to_predictions, strict=True
        )
    ]


def _file(path) -> dict[str, str]:
    """A file by its place in the working folder, and its digest."""
    return {"path": os.path.relpath(path), "sha256": digest_of(path)}


def digest_of_source(repository) -> str:
    """One sha256 of the names and contents of all code and settings."""
    digest = hashlib.sha256()
    for path in _files_below(repository):
        digest.update(f"{digest_of(path)} {path.relative_to(repository).as_posix()}\n".encode())
    return digest.hexdigest()


def _files_below(repository) -> list[Path]:
    roots = [Path(repository, name) for name in SOURCES]
    found = [path for root in roots for path in (root.rglob("*") if root.is_dir() else [root])]
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def digest_of_lock(repository) -> str | None:
    """The sha256 of the pinned requirements; None where the file is not there."""
    path = Path(repository, LOCK)
    return digest_of(path) if path.exists() else None


def diff_of(repository) -> dict:
    """What the working tree has that its commit does not: the diff, and the files that git does not know.

    Returns:
        `{sha256, stat, text, untracked}`: of the diff its digest, its lines by file, and itself; paths and
        digests of unknown files. All empty outside git.
    """
    try:
        text = _git(repository, "diff", "HEAD")
        stat = _git(repository, "diff", "HEAD", "--stat=100")
        names = _git(repository, "ls-files", "--others", "--exclude-standard", "-z").split("\0")
    except (OSError, subprocess.CalledProcessError):
        return {"sha256": None, "stat": "", "text": "", "untracked": []}
    paths = [Path(repository, name) for name in sorted(filter(None, names))]
    return {
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "stat": stat,
        "text": text,
        "untracked": [
            {"path": path.relative_to(repository).as_posix(), "sha256": digest_of(path)}
            for path in paths
            if path.is_file()
        ],
    }


def _git(repository, *arguments: str) -> str:
    """What git says of everything but the outputs."""
    exclude = [f":(exclude){folder}" for folder in OUTPUTS]
    command = ["git", "-C", str(repository), *arguments, "--", ".", *exclude]
    run = subprocess.run(command, check=True, capture_output=True)
    return run.stdout.decode(errors="replace")


def seeds_of(config: dict, place: str = "") -> dict[str, int | list[int]]:
    """Every seed of a config by its place, such as `statistics.seed`."""
    found = {}
    for key, value in config.items():
        if isinstance(value, dict):
            found |= seeds_of(value, f"{place}{key}.")
        elif key.split("_")[-1] in ("seed", "seeds"):
            found[f"{place}{key}"] = value
    return found
