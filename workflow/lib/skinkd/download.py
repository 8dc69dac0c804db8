"""Fetch a file from the first source that gives the right bytes."""

import errno
import http.client
import os
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

from skinkd.atomic import digest_of, whole
from skinkd.errors import InputError
from skinkd.progress import Progress
from skinkd.sources_at_hand import PREFETCH

TRIES = 3
FIRST_WAIT_S = 1.0
TIMEOUT_S = 60
CHUNK_BYTES = 2**20
# Answers of a server that may differ in a moment.
PASSING = (408, 425, 429, 500, 502, 503, 504)
PASSING_ERRORS = (
    urllib.error.URLError,
    http.client.HTTPException,
    ssl.SSLError,
    TimeoutError,
    ConnectionError,
)


class Unusable(Exception):
    """A source that another try will not mend."""


class AnotherDigest(Unusable):
    """A file in order but for its digest.

    Attributes:
        found: the digest that it has.
    """

    def __init__(self, found: str, wanted: str):
        super().__init__(f"sha256 is {found}, expected {wanted}")
        self.found = found


class Interrupted(Exception):
    """A transfer that another try may finish."""


def fetch(
    path,
    *,
    sources: list[str],
    sha256: str | None,
    size_bytes: int | None,
    key: str,
    say=print,
    sleep=time.sleep,
) -> None:
    """Put a file at `path` from a mirror or the network, checked.

    A url is downloaded into `path` with `.part` added, which a later run resumes. A local
    file is copied: a link would let Snakemake change the dates of the original.

    Args:
        sources: https, http or file urls, or local paths; tried in this order.
        sha256: hexadecimal digest, or at least its first 8 digits; None accepts any bytes and says theirs.
        size_bytes: expected size, if known.
        key: where the config describes the file, such as `weights.resnet50_imagenet`, for the message.
        say: takes lines for the log.
        sleep: waits between tries, in seconds.

    Raises:
        InputError: no source gave the file; names what each of them gave.
    """
    path, wanted = Path(path), _digest_wanted(sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    _check_space(path, size_bytes)
    failures = []
    for source in sources:
        try:
            found = _fetch_from(source, path, wanted, size_bytes, say, sleep)
            say(f"{path.name}: from {source}, sha256 {found}" + ("" if wanted else ", not pinned"))
            return
        except Unusable as failure:
            say(f"{path.name}: {source}: {failure}")
            failures.append((source, failure))
    raise _nothing_fetched(path, failures, wanted, size_bytes, key)


def _digest_wanted(sha256: str | None) -> str | None:
    if sha256 is None:
        return None
    if not re.fullmatch("[0-9a-f]{8,64}", str(sha256).lower()):
        what = f"sha256 '{sha256}' is not 8 to 64 hexadecimal digits"
        raise InputError("download", what, "Nothing could be checked against it", "quote it in the config")
    return str(sha256).lower()


def _check_space(path: Path, size_bytes: int | None) -> None:
    part = _part_of(path)
    needed_bytes = (size_bytes or 0) - (part.stat().st_size if part.exists() else 0)
    free_bytes = shutil.disk_usage(path.parent).free
    if needed_bytes > free_bytes:
        what = (
            f"{path.parent} has {free_bytes / 1e9:.1f} GB free, {path.name} needs {needed_bytes / 1e9:.1f} GB"
        )
        raise InputError("disk", what, "The download would stop half way", "free some space or move the data")


def _part_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _fetch_from(source: str, path: Path, wanted, size_bytes, say, sleep) -> str:
    """Fetch from one source; its digest."""
    scheme = urlsplit(source).scheme
    if scheme in ("http", "https"):
        return _download(source, path, wanted, size_bytes, say, sleep)
    if scheme == "file":
        return _take_local(Path(unquote(urlsplit(source).path)), path, wanted, size_bytes)
    if "://" in source:
        raise Unusable(f"{scheme} is not a way to fetch; known are https, http, file and local paths")
    return _take_local(Path(source).expanduser(), path, wanted, size_bytes)


def _take_local(source: Path, path: Path, wanted, size_bytes) -> str:
    """Copy a file; its digest."""
    if not source.is_file():
        raise Unusable("no such file")
    found = _checked(source, wanted, size_bytes)
    with whole(path) as unfinished:
        shutil.copyfile(source, unfinished)
    return found


def _download(url: str, path: Path, wanted, size_bytes, say, sleep) -> str:
    """Download, going on from the part of an earlier run; the digest."""
    part = _part_of(path)
    if wanted is None and size_bytes is None:
        # Then nothing would notice the halves of two different files.
        part.unlink(missing_ok=True)
    resumed = part.exists()
    _transfer_patiently(url, part, size_bytes, say, sleep)
    try:
        found = _checked(part, wanted, size_bytes)
    except Unusable as failure:
        part.unlink()
        if not resumed:
            raise
        say(f"{path.name}: {failure}; the part at hand was of another file, starting again")
        return _download(url, path, wanted, size_bytes, say, sleep)
    part.replace(path)
    return found


def _transfer_patiently(url: str, part: Path, size_bytes, say, sleep) -> None:
    for attempt in range(TRIES):
        try:
            return _transfer(url, part, size_bytes, say)
        except Interrupted as interruption:
            if attempt == TRIES - 1:
                raise Unusable(f"{interruption}, after {TRIES} tries") from interruption
            wait_s = FIRST_WAIT_S * 2**attempt
            say(f"{part.name}: {interruption}; trying again in {wait_s:.0f} s")
            sleep(wait_s)


def _transfer(url: str, part: Path, size_bytes, say) -> None:
    """Fetch what `part` still lacks."""
    have_bytes = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "skinkd", "Accept-Encoding": "identity"}
    if have_bytes:
        headers["Range"] = f"bytes={have_bytes}-"
    try:
        request = urllib.request.Request(url, headers=headers)
        with closing(urllib.request.urlopen(request, timeout=TIMEOUT_S)) as answer:
            _receive(answer, part, have_bytes, size_bytes, say)
    except urllib.error.HTTPError as error:
        _judge_status(error, part, have_bytes)
    except PASSING_ERRORS as error:
        raise Interrupted(f"{getattr(error, 'reason', None) or error or type(error).__name__}") from error


def _judge_status(error: urllib.error.HTTPError, part: Path, have_bytes: int) -> None:
    """Nothing to do if the server says that `part` is whole already; otherwise raise."""
    if error.code == 416:
        if error.headers.get("Content-Range", "").endswith(f"/{have_bytes}"):
            return
        part.unlink(missing_ok=True)
        raise Interrupted("the server cannot go on from the part at hand") from error
    kind = Interrupted if error.code in PASSING else Unusable
    raise kind(f"the server answers {error.code} {error.reason}") from error


def _receive(answer, part: Path, have_bytes: int, size_bytes, say) -> None:
    """Append an answer to `part`, or start it anew if the server sends the whole file."""
    # Before the part is touched: a login page must not cost what was downloaded.
    if "text/html" in answer.headers.get("Content-Type", ""):
        raise Unusable("a web page instead of the file")
    if answer.status != 206:
        have_bytes = 0
    elif not answer.headers.get("Content-Range", "").startswith(f"bytes {have_bytes}-"):
        raise Unusable("the server sends another range than was asked for")
    length = answer.headers.get("Content-Length")
    total_bytes = have_bytes + int(length) if length else size_bytes
    if size_bytes is not None and total_bytes != size_bytes:
        raise Unusable(f"{total_bytes:,} bytes, expected {size_bytes:,}")
    _save(answer, part, have_bytes, total_bytes, say)


def _save(answer, part: Path, have_bytes: int, total_bytes: int | None, say) -> None:
    title = part.name.removesuffix(".part")
    with (
        part.open("ab" if have_bytes else "wb") as file,
        Progress(title, total=total_bytes, unit="B", initial=have_bytes, say=say) as progress,
    ):
        while chunk := answer.read(CHUNK_BYTES):
            try:
                file.write(chunk)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                what = f"the disk of {part.parent} is full"
                raise InputError(
                    "disk", what, "The download stopped", "free some space and run again"
                ) from error
            progress.advance(len(chunk))
        file.flush()
        os.fsync(file.fileno())
    if total_bytes is not None and progress.done < total_bytes:
        raise Interrupted(f"the connection ended at {progress.done:,} of {total_bytes:,} bytes")


def _checked(file: Path, wanted: str | None, size_bytes: int | None) -> str:
    """The digest of a file, if its bytes are those wanted."""
    with file.open("rb") as opened:
        start = opened.read(64)
    found_bytes = file.stat().st_size
    # No file of the study begins so: it is a login or error page.
    if start.lstrip().startswith(b"<"):
        raise Unusable(f"a web page instead of the file (first bytes {start[:20]!r}, {found_bytes:,} bytes)")
    if size_bytes is not None and found_bytes != size_bytes:
        raise Unusable(f"{found_bytes:,} bytes, expected {size_bytes:,}")
    found = digest_of(file)
    if wanted and not found.startswith(wanted):
        raise AnotherDigest(found, wanted)
    return found


def _nothing_fetched(path: Path, failures: list, wanted, size_bytes, key: str) -> InputError:
    size = f"{size_bytes:,} bytes, " if size_bytes is not None else ""
    expected = f"{size}sha256 {wanted or 'not pinned'}"
    said = "; ".join(f"{source}: {failure}" for source, failure in failures)
    what = f"no source gave {path.name} ({expected}): {said or 'none is named'}"
    return InputError(
        "download", what, "Each source is unreachable, changed or damaged", _way_out(failures, key)
    )


def _way_out(failures: list, key: str) -> str:
    """What a user can do: trust what was found, fetch where there is a network, or bring a copy."""
    digests = {failure.found for _, failure in failures if isinstance(failure, AnotherDigest)}
    ways = [f"if you trust this file, set {key}.sha256 to {found}" for found in sorted(digests)]
    if any(urlsplit(source).scheme in ("http", "https") for source, _ in failures) and not digests:
        ways.append(PREFETCH)
    ways.append(
        "put the file into a folder; name that folder in the config, as mirror of its source or weights"
    )
    return "; or ".join(ways)
