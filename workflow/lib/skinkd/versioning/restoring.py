"""Fetch what a commit records, and let Snakemake know what is true of it: `make restore`.

Snakemake looks at dates first, and dates of fetched files mean nothing. Digests decide: a file that was made
from just what lies here gets a date before all others, one that was not an even earlier one. Whatever is
newer, Snakemake compares by content with the record that is restored with the file.
"""

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from skinkd.claims import Claim
from skinkd.config import read_config
from skinkd.errors import InputError, examples
from skinkd.study import BASE, Study, open_study
from skinkd.versioning import contents, dvc_commands, lineage, metadata, remotes
from skinkd.versioning.inventory import needed_by, root_of

# Seconds since 1970: before any checkout. Snakemake takes 0 for no date.
DATE_S, DATE_OF_STALE_S = 2, 1


def restore(study: Study, arm: str = "") -> str:
    """Fetch what a study's commit records, or what one arm needs of it, and say what was done.

    Args:
        arm: `paper/protocol/arm`; all where empty.

    Raises:
        InputError: where nothing is recorded, a run uses the folder, or files cannot be fetched whole.
    """
    folder = Path(study.config.results)
    dvc_commands.check_repository()
    _check_idle(folder)
    recorded = _recorded(folder)
    wanted = sorted(_needed(study, recorded, arm) if arm else recorded)
    missing = [path for path in wanted if contents.digest(path) != recorded[path]["digest"]]
    _fetch(folder, missing, recorded)
    here = [path for path, about in recorded.items() if contents.digest(path) == about["digest"]]
    restored = [path for path in here if path in missing or not metadata.is_made_here(path)]
    stale = _date(restored, recorded)
    _remember(restored, recorded)
    return f"{len(missing)} files were fetched, {len(wanted) - len(missing)} were here.{_about(stale)}"


def check_arrivals(results) -> None:
    """Let a folder pass whose recorded files were made here, or put here by `restore`.

    Raises:
        InputError: where `dvc pull` put some here: they have the date of today, and would pass for current.
    """
    arrived = [
        path
        for path in lineage.read(results)
        if os.path.isfile(path) and not _is_restored(path) and not metadata.is_made_here(path)
    ]
    if arrived:
        raise InputError(
            "restore",
            f"{examples(arrived, 3)}: neither made here nor put here by make restore",
            "Whether they belong to this code and this data, only that compares",
            "make restore, with the CONFIG of this study, or delete them",
        )


def _is_restored(path: str) -> bool:
    """Whether an earlier restore gave a file its date, and Snakemake still has its record."""
    return os.stat(path).st_mtime in (DATE_S, DATE_OF_STALE_S) and metadata.is_known(path)


def _about(stale: list[str]) -> str:
    """What to say of files that are not current."""
    if not stale:
        return ""
    return (
        f"\n{len(stale)} of the restored files were made by other code or from other data than lie here: "
        f"{examples(stale, 3)}. Snakemake makes them again when they are asked for."
    )


def _needed(study: Study, recorded: dict[str, dict], arm: str) -> set[str]:
    """Files that one arm needs."""
    if arm.count("/") != 2:
        raise InputError(
            "restore", f"ARM is '{arm}'", "It names one arm", "make restore ARM=dsnet/leak_free/dsnet_t10"
        )
    return needed_by(study, recorded, *arm.split("/"))


def _check_idle(folder: Path) -> None:
    """Files must not change under a run of the graph."""
    holder = Claim(folder / "unfinished/run").holder()
    if holder:
        raise InputError(
            "restore",
            f"{folder} is in use by {holder}",
            "Files would change under it",
            "wait for it, or end it",
        )


def _recorded(folder: Path) -> dict[str, dict]:
    """How the files of a study were made."""
    recorded = lineage.read(folder)
    if not recorded:
        raise InputError(
            "restore",
            f"{folder / lineage.NAME} is not there",
            "No version of this study is recorded in this commit",
            "git pull; or make version and commit where the study was run",
        )
    return recorded


def _fetch(folder: Path, missing: list[str], recorded: dict[str, dict]) -> None:
    """Put files in place, each with the content that was recorded.

    Raises:
        InputError: where they cannot be fetched, or where others were; those are removed.
    """
    places = coarsest(folder, missing, recorded)
    if places:
        remotes.pull(places)
    _remove(file for place in places for file in _unrecorded(Path(place), recorded))
    others = [path for path in missing if contents.digest(path) != recorded[path]["digest"]]
    if others:
        _remove(map(Path, others))
        raise InputError(
            "restore",
            f"{examples(others)}: DVC delivered other content than {lineage.NAME} is about",
            "The two are of different commits, or the remote is damaged; these files were removed again",
            "check out one commit whole, delete .dvc/cache, then make restore again",
        )


def coarsest(folder: Path, missing: list[str], recorded: Iterable[str]) -> list[str]:
    """The fewest folders and files that hold just the missing ones: DVC takes its time for each name."""
    needed, here = set(missing), set(recorded) - set(missing)
    crowded = {str(parent) for path in here for parent in Path(path).parents}
    chosen = set()
    for path in needed:
        root = root_of(folder, path)
        line = [parent for parent in (Path(path), *Path(path).parents) if parent.is_relative_to(root)]
        whole = [place for place in line if str(place) not in crowded and not place.exists()]
        chosen.add(str(whole[-1] if whole else path))
    return sorted(chosen)


def _remember(restored: list[str], recorded: dict[str, dict]) -> None:
    """Have Snakemake remember how files were made: those restored, and those left out.

    Without a record of an archive that is not here, it would take all that came from it for outdated.
    """
    for path in [*restored, *(path for path in recorded if not os.path.exists(path))]:
        metadata.write(path, recorded[path]["record"])
        metadata.trust(path)


def _date(paths: list[str], recorded: dict[str, dict]) -> list[str]:
    """Give restored files their dates; those that are not current are returned."""
    stale = [path for path in paths if contents.differing_inputs(recorded[path]["record"])]
    for path in paths:
        date_s = DATE_OF_STALE_S if path in stale else DATE_S
        os.utime(path, (date_s, date_s))
    return stale


def _unrecorded(place: Path, recorded: dict[str, dict]) -> list[Path]:
    """Files that came with a folder and of which nobody knows how they were made."""
    files = [file for file in place.rglob("*") if file.is_file()]
    return [file for file in files if not any(str(p) in recorded for p in (file, *file.parents))]


def _remove(paths: Iterable[Path]) -> None:
    """Leave nothing of files or folders."""
    for path in paths:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def main() -> None:
    """Restore the study of a config file, or one arm of it."""
    config, *arm = sys.argv[1:]
    try:
        print(restore(open_study(read_config(BASE, config)), *arm))
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
