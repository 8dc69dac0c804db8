"""Which files a version is made of, and which of them one arm needs."""

from collections.abc import Mapping
from pathlib import Path

from skinkd.study import Study
from skinkd.versioning import metadata

# Below the folder of results; each has its own record in DVC. The rest of the report is drawn from these.
ROOTS = (
    "archive",
    "audit",
    "configs",
    "contrasts",
    "costs",
    "deploy",
    "histories",
    "ingest",
    "networks",
    "predictions",
    "projections",
    "scores",
    "split",
    "targets",
    "validated",
    "weights",
    "report/pictures",
    "report/provenance.json",
    "report/results.json",
)


def made_in(results) -> list[str]:
    """Files and folders in a study's results that jobs made, by this study's lists or not."""
    roots = [Path(results, root) for root in ROOTS]
    return sorted(path for root in roots if root.exists() for path in _made_below(root))


def _made_below(place: Path) -> list[str]:
    """A file or folder that a job made, or those below it."""
    if metadata.is_known(str(place)):
        return [str(place)]
    return [path for inner in place.iterdir() for path in _made_below(inner)] if place.is_dir() else []


def root_of(results, path: str) -> Path:
    """The folder or file that has the record in DVC of which a path is a part."""
    below = Path(path).relative_to(results)
    return Path(results, next(root for root in ROOTS if below.is_relative_to(root)))


def needed_by(study: Study, recorded: Mapping[str, dict], paper: str, protocol: str, arm: str) -> set[str]:
    """Recorded files of an arm, its teachers and its baseline, and what they are made from; no archive.

    Raises:
        InputError: where the study has no such arm.
    """
    arms = _with_teachers(study, paper, protocol, [arm, study.arm(paper, protocol, arm).baseline])
    weights = {study.network(paper, protocol, name)["weights"] for name in arms} - {None}
    marks = [
        f"/{paper}/{protocol}/fold",
        *(f"/{paper}/{protocol}/{name}{end}" for name in arms for end in ("/", ".json")),
        *(f"/weights/{name}/" for name in weights),
    ]
    waiting = [path for path in recorded if any(mark in path for mark in marks)]
    needed = set()
    archive = f"{study.config.results}/archive/"
    while waiting:
        path = waiting.pop()
        if path in recorded and path not in needed and not path.startswith(archive):
            needed.add(path)
            waiting += recorded[path]["record"]["input"]
    return needed


def _with_teachers(study: Study, paper: str, protocol: str, arms: list) -> list[str]:
    """Arms, and those that they learn from, directly or not."""
    found = [arm for arm in dict.fromkeys(arms) if arm in study.paper(paper, protocol).arms]
    for arm in found:  # grows
        found += [name for name in study.arm(paper, protocol, arm).teachers if name not in found]
    return found
