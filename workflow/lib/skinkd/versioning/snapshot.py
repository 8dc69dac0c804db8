"""`make version`: records what lies here in DVC, and how it was made in a file for git; then pushes it."""

from pathlib import Path

from skinkd.errors import InputError, examples
from skinkd.study import Study
from skinkd.versioning import contents, dvc_commands, lineage, metadata, remotes
from skinkd.versioning.inventory import made_in, root_of
from skinkd.versioning.numbers import write_numbers


def record(study: Study) -> str:
    """Record what jobs left in a study's folder, push it where there is a remote, and say what was done.

    Files that earlier versions record and that do not lie here stay recorded; outdated ones are left out.

    Raises:
        InputError: where nothing is there, a file was put in place by hand, or DVC cannot work or push.
    """
    folder = Path(study.config.results)
    made, outdated = _made_from_what_is_here(made_in(folder))
    if not made:
        raise InputError("version", f"{folder} is empty", "There is nothing to record", "make report first")
    dvc_commands.check_repository()
    before = lineage.read(folder)
    changed = [path for path in made if before.get(path, {}).get("digest") != made[path]["digest"]]
    dvc_commands.add(to_add(folder, list(made), changed, complete=not outdated))
    lineage.write(folder, before | made)
    write_numbers(folder, study, [path for path in made if path.startswith(f"{folder}/scores/")])
    said = f"{len(made)} files are recorded, {len(changed)} of them new or changed.{_left_out(outdated)}"
    return f"{said} {_pushed()} To keep this version: git add {folder} && git commit"


def _left_out(outdated: list[str]) -> str:
    """What to say of files that are not recorded."""
    if not outdated:
        return ""
    return f" {len(outdated)} that other code or data made are left out: {examples(outdated, 3)}."


def _made_from_what_is_here(paths: list[str]) -> tuple[dict[str, dict], list[str]]:
    """Digests and records of files that were made from this code and this data, and the other files.

    Raises:
        InputError: where an input changed though no job made it anew.
    """
    made, outdated = {}, []
    for path in paths:
        made_from = metadata.read(path)
        differing = contents.differing_inputs(made_from)
        if differing:
            _check_remade(path, made_from, differing)
            outdated.append(path)
        else:
            made[path] = {"digest": contents.digest(path), "record": made_from}
    return made, outdated


def _check_remade(path: str, made_from: dict, differing: list[str]) -> None:
    """Let inputs pass that changed since: code, and what a later job made."""
    for name in differing:
        job = metadata.read(name)
        if job and job["endtime"] <= made_from["starttime"]:
            raise InputError(
                "version",
                f"{path} was made from another {name} than lies here, and no job has made that since",
                "It would pass for a file of its job",
                f"delete {name}, and make it again or restore it",
            )


def to_add(folder: Path, made: list[str], changed: list[str], complete: bool) -> list[str]:
    """Whole folders where everything that was ever recorded lies here, else single files that changed.

    Adding a folder anew takes out of its record whatever is not there, and puts in whatever is.

    Args:
        complete: whether nothing lies here but what is to be recorded.
    """
    by_root: dict[Path, list[str]] = {}
    for path in made:
        by_root.setdefault(root_of(folder, path), []).append(path)
    added = []
    for root, files in by_root.items():
        new = sorted({*files} & {*changed})
        if not _dvc_file(root).exists() or (new and complete and _is_whole(root)):
            added.append(str(root))
        else:
            added += new
    return added


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
