"""Whether what a run will fetch can be had: mirrors and paths are there, servers answer."""

import http.client
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote, urlsplit

from skinkd.errors import InputError, examples

PATIENCE_S = 5
PREFETCH = (
    "run `snakemake --cores 1 prefetch`, with the study's --configfile, on a machine with internet that "
    "shares this folder"
)


def local_path(source: str) -> Path | None:
    """The file that a source names on this machine; None for one on a server."""
    parts = urlsplit(source)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if "://" in source else Path(source).expanduser()


def problems_of_sources(wanted: dict[str, list[str]], mirrors: dict[str, str | None]) -> list[InputError]:
    """What is wrong with the places from which files will be fetched.

    Args:
        wanted: where to look for a file, by the config's key of it.
        mirrors: the mirror that is set beside that key, if any.
    """
    from_servers = {key: places for key, places in wanted.items() if not _is_at_hand(places)}
    problems = [_problem_of_mirrors(mirrors), _problem_of_places(from_servers), _problem_of_net(from_servers)]
    return [problem for problem in problems if problem]


def _is_at_hand(places: list[str]) -> bool:
    """Whether one of the places is a file of this machine."""
    return any(path.is_file() for path in map(local_path, places) if path)


def _problem_of_mirrors(mirrors: dict[str, str | None]) -> InputError | None:
    """One error for the mirrors that are set and not there."""
    absent = {
        f"{key}.mirror is {mirror}"
        for key, mirror in mirrors.items()
        if mirror and (path := local_path(mirror)) and not path.is_dir()
    }
    if not absent:
        return None
    what = f"{examples(sorted(absent))}: no such folder"
    why = "The files would be fetched from elsewhere, or not at all"
    return InputError("mirror", what, why, "correct it, or set it to null")


def _problem_of_places(wanted: dict[str, list[str]]) -> InputError | None:
    """One error for files that no server offers and that are not on this machine."""
    nowhere = [
        f"{key} ({examples(places) or 'neither url nor mirror'})"
        for key, places in wanted.items()
        if all(map(local_path, places))
    ]
    if not nowhere:
        return None
    what = f"no such file: {examples(nowhere)}"
    fix = "put them there, or name a folder that holds them as mirror, or their urls"
    return InputError("mirror", what, "No job could fetch them", fix)


def _problem_of_net(wanted: dict[str, list[str]]) -> InputError | None:
    """One error for files of which no server answers."""
    urls = {place for places in wanted.values() for place in places if not local_path(place)}
    hosts = {urlsplit(url).netloc: url for url in sorted(urls)}
    with ThreadPoolExecutor(max_workers=max(1, len(hosts))) as pool:
        silent = dict(zip(hosts, pool.map(_silence_of, hosts.values()), strict=True))
    lost = [
        key
        for key, places in wanted.items()
        if (asked := [urlsplit(place).netloc for place in places if not local_path(place)])
        and all(silent[host] for host in asked)
    ]
    if not lost:
        return None
    reasons = [f"{host}: {reason}" for host, reason in silent.items() if reason]
    what = f"{examples(lost)} are not here, and no server of theirs answers ({examples(reasons)})"
    fix = f"{PREFETCH}; or set their mirror to a folder that holds them"
    return InputError("network", what, "Their jobs would wait and fail one by one", fix)


def _silence_of(url: str) -> str:
    """Why a server does not answer; nothing where it says anything, be it a refusal."""
    try:
        request = urllib.request.Request(url, method="HEAD", headers={"User-Agent": "skinkd"})
        with urllib.request.urlopen(request, timeout=PATIENCE_S):
            return ""
    except urllib.error.HTTPError:
        return ""
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"{getattr(error, 'reason', None) or error}"
