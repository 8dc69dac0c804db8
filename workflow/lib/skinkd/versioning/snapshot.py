"""`make version`: records what lies here in DVC, and how it was made in a file for git; then pushes it."""

from pathlib import Path

from skinkd.errors import InputError, examples
from skinkd.study import Study
from skinkd.versioning import contents, dvc_commands, metadata, provenance_file, remotes
from skinkd.versioning.numbers import write_numbers

# A record of its own for each; the rest of the report is drawn from these.
OF_REPORT = ("report/pictures", "report/results.json")


def record(study: Study, paths: list[str]) -> str:
    """Record files and folders of a study, push them where there is a remote, and say what was done.

    Files that earlier versions record and that do not lie here stay recorded.

    Raises:
        InputError: where nothing is there, a file is not what its record says, or DVC cannot work or push.
    """
    if not paths:
        raise InputError(
            "version", f"{study.config.results} is empty", "There is nothing to record", "make report first"
        )
    dvc_commands.check_repository()
    folder = Path(study.config.results)
    made = {path: {"digest": contents.digest(path), "record": _record_of(path)} for path in paths}
    before = provenance_file.read(folder)
    changed = [path for path in paths if before.get(path, {}).get("digest") != made[path]["digest"]]
    dvc_commands.add(to_add(folder, paths, changed))
    provenance_file.write(folder, before | made)
    write_numbers(folder, study)
    said = f"{len(paths)} files are recorded, {len(changed)} of them new or changed."
    return f"{said} {_pushed()} To keep this version: git add {folder} && git commit"


def _record_of(path: str) -> dict:
    """Snakemake's record of a file that was made from what lies here.

    Raises:
        InputError: where there is no record, or it names other inputs.
    """
    made_from = metadata.read(path)
    if made_from is None:
        raise InputError(
            "version",
            f"Snakemake has no record of how {path} was made",
            "Later it could not be told whether it is current",
            f"delete {path} and make it again",
        )
    differing = contents.differing_inputs(made_from)
    if differing:
        raise InputError(
            "version",
            f"{path} was made from other content of {examples(differing)} than lies here",
            "It would pass for this code's and this data's",
            f"delete {path} and make it again",
        )
    return made_from


def to_add(folder: Path, paths: list[str], changed: list[str]) -> list[str]:
    """Whole folders where everything that was ever recorded lies here, else single files that changed.

    Adding a folder anew takes out of its record whatever is not there.
    """
    by_root: dict[Path, list[str]] = {}
    for path in paths:
        by_root.setdefault(root_of(folder, path), []).append(path)
    changed_roots = {root_of(folder, path) for path in changed}
    added = []
    for root, files in by_root.items():
        if not _dvc_file(root).exists():
            added.append(str(root))
        elif root in changed_roots:
            added += [str(root)] if _is_whole(root) else [path for path in files if path in changed]
    return added


def root_of(folder: Path, path: str) -> Path:
    """The folder or file below the results that has a record of its own in DVC."""
    below = Path(path).relative_to(folder)
    own = [root for root in OF_REPORT if below.is_relative_to(root)]
    return folder / (own[0] if own else below.parts[0])


def _dvc_file(root: Path) -> Path:
    """DVC's record of a folder or file."""
    return root.with_name(f"{root.name}.dvc")


def _is_whole(root: Path) -> bool:
    """Whether all that is recorded of a folder lies here."""
    if root.is_file():
        return True
    listed = dvc_commands.listed_below(root)
    return listed is not None and all((root / name).exists() for name in listed)


def _pushed() -> str:
    """Push, and say where to."""
    remote = remotes.default_remote()
    if remote is None:
        return "No DVC remote is set: they stay on this machine."
    remotes.push(remote)
    return f"They are pushed to {remote}."
