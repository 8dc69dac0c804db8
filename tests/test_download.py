"""A file arrives whole and checked, or not at all, whatever the server does."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from skinkd.download import fetch
from skinkd.errors import InputError

CONTENT = np.random.default_rng(0).bytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SIZE_BYTES = len(CONTENT)
PAGE = b"<!DOCTYPE html><html>Please log in</html>"


class Server(ThreadingHTTPServer):
    """Answers each request by the next of its behaviours, the last one for ever; keeps what was asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviours, self.ranges = ["whole"], []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/file.zip"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.ranges.append(self.headers.get("Range"))
        behaviours = self.server.behaviours
        getattr(self, behaviours.pop(0) if len(behaviours) > 1 else behaviours[0])()

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", *, length=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def whole(self):
        self.answer(200, CONTENT)

    def ranged(self):
        if self.headers.get("Range") is None:
            return self.whole()
        start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        if start >= len(CONTENT):
            return self.answer(416, Content_Range=f"bytes */{len(CONTENT)}")
        content_range = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        return self.answer(206, CONTENT[start:], Content_Range=content_range)

    def cut(self):
        self.answer(200, CONTENT[:100_000], length=len(CONTENT))

    def shifted(self):
        self.answer(206, CONTENT[5:], Content_Range=f"bytes 5-{len(CONTENT) - 1}/{len(CONTENT)}")

    def busy(self):
        self.answer(503)

    def missing(self):
        self.answer(404)

    def page(self):
        self.answer(200, PAGE, Content_Type="text/html; charset=utf-8")

    def unlabelled_page(self):
        self.answer(200, PAGE)

    def other(self):
        self.answer(200, CONTENT[::-1])

    def short(self):
        self.answer(200, CONTENT[:-1])


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ü data" / "file.zip"


@pytest.fixture
def part(path):
    path.parent.mkdir()
    return path.with_name("file.zip.part")


@pytest.fixture
def get(path):
    """Fetch to `path`; gives the lines said and the seconds waited."""

    def get(*sources, sha256=SHA256, size_bytes=SIZE_BYTES):
        said, waits = [], []
        fetch(
            path,
            sources=sources,
            sha256=sha256,
            size_bytes=size_bytes,
            key="sources.demo.files.images",
            say=said.append,
            sleep=waits.append,
        )
        return said, waits

    return get


def test_whole_file(server, path, get):
    said, waits = get(server.url)
    assert path.read_bytes() == CONTENT
    assert waits == []
    assert [file.name for file in path.parent.iterdir()] == ["file.zip"]
    assert "100%" in said[0] and SHA256 in said[-1]


def test_a_part_is_resumed(server, path, part, get):
    part.write_bytes(CONTENT[:1234])
    server.behaviours = ["ranged"]
    get(server.url)
    assert server.ranges == ["bytes=1234-"]
    assert path.read_bytes() == CONTENT
    assert not part.exists()


def test_a_server_without_ranges_starts_again(server, path, part, get):
    part.write_bytes(CONTENT[:1234])
    get(server.url)
    assert server.ranges == ["bytes=1234-"]
    assert path.read_bytes() == CONTENT


def test_a_complete_part_needs_no_more_bytes(server, path, part, get):
    part.write_bytes(CONTENT)
    server.behaviours = ["ranged"]
    get(server.url)
    assert server.ranges == [f"bytes={len(CONTENT)}-"]
    assert path.read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_thrown_away(server, path, part, get):
    part.write_bytes(CONTENT + b"more")
    server.behaviours = ["ranged"]
    get(server.url)
    assert server.ranges == [f"bytes={len(CONTENT) + 4}-", None]
    assert path.read_bytes() == CONTENT


def test_a_part_of_another_file_is_noticed_and_thrown_away(server, path, part, get):
    part.write_bytes(b"x" * 1234)
    server.behaviours = ["ranged"]
    said, _ = get(server.url)
    assert server.ranges == ["bytes=1234-", None]
    assert path.read_bytes() == CONTENT
    assert any("part at hand was of another file" in line for line in said)


def test_a_cut_connection_goes_on_where_it_ended(server, path, get):
    server.behaviours = ["cut", "ranged"]
    _, waits = get(server.url)
    assert server.ranges == [None, "bytes=100000-"]
    assert waits == [1.0]
    assert path.read_bytes() == CONTENT


def test_waits_grow_between_tries(server, path, get):
    server.behaviours = ["busy", "busy", "whole"]
    _, waits = get(server.url)
    assert waits == [1.0, 2.0]
    assert path.read_bytes() == CONTENT


def test_tries_end(server, path, get):
    server.behaviours = ["busy"]
    with pytest.raises(InputError, match=r"answers 503 .*, after 3 tries"):
        get(server.url)
    assert len(server.ranges) == 3
    assert not path.exists()


def test_what_was_got_before_tries_ended_is_kept_for_the_next_run(server, path, get):
    server.behaviours = ["cut", "busy"]
    with pytest.raises(InputError):
        get(server.url)
    server.behaviours = ["ranged"]
    get(server.url)
    assert server.ranges[-1] == "bytes=100000-"
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("missing", "the server answers 404 Not Found"),
        ("page", "a web page instead of the file"),
        ("unlabelled_page", f"{len(PAGE)} bytes, expected 300,000"),
        ("other", f"sha256 is {hashlib.sha256(CONTENT[::-1]).hexdigest()}, expected {SHA256}"),
        ("short", "299,999 bytes, expected 300,000"),
    ],
)
def test_wrong_answers_are_named_and_leave_nothing(server, path, get, behaviour, message):
    server.behaviours = [behaviour]
    with pytest.raises(InputError) as error:
        get(server.url)
    text = str(error.value)
    assert text.startswith("ERROR download: no source gave file.zip (300,000 bytes, sha256 ")
    assert f"{server.url}: {message}" in text
    assert "name that folder in the config, as mirror of its source or weights" in text
    assert len(server.ranges) == 1, "another try would not help"
    assert list(path.parent.iterdir()) == []


def test_what_differs_by_its_digest_alone_may_be_trusted(server, get):
    server.behaviours = ["other"]
    with pytest.raises(InputError) as error:
        get(server.url)
    found = hashlib.sha256(CONTENT[::-1]).hexdigest()
    assert f"Fix: if you trust this file, set sources.demo.files.images.sha256 to {found}; or " in str(
        error.value
    )
    assert "prefetch" not in str(error.value), "the network is not to blame"


@pytest.mark.parametrize("behaviour", ["short", "page", "missing"])
def test_what_is_damaged_is_never_to_be_trusted(server, get, behaviour):
    server.behaviours = [behaviour]
    with pytest.raises(InputError) as error:
        get(server.url)
    assert "trust" not in str(error.value)


def test_a_machine_without_network_is_told_to_fetch_elsewhere(get, tmp_path):
    with pytest.raises(
        InputError, match=r"Fix: run `snakemake --cores 1 prefetch`, .*a machine with internet"
    ):
        get("http://127.0.0.1:9/file.zip")
    with pytest.raises(InputError) as error:
        get(str(tmp_path / "absent.zip"))
    assert "prefetch" not in str(error.value)


def test_a_page_is_noticed_without_size_or_digest(server, path, get):
    server.behaviours = ["unlabelled_page"]
    with pytest.raises(InputError, match="a web page instead of the file"):
        get(server.url, sha256=None, size_bytes=None)
    assert list(path.parent.iterdir()) == []


def test_a_login_page_does_not_cost_the_part(server, part, get):
    part.write_bytes(CONTENT[:1234])
    server.behaviours = ["page"]
    with pytest.raises(InputError):
        get(server.url)
    assert part.read_bytes() == CONTENT[:1234]


def test_a_range_that_was_not_asked_for_is_refused(server, part, get):
    part.write_bytes(CONTENT[:1234])
    server.behaviours = ["shifted"]
    with pytest.raises(InputError, match="another range than was asked for"):
        get(server.url)


def test_the_next_source_follows_a_failure(server, path, tmp_path, get):
    wrong = tmp_path / "wrong.zip"
    wrong.write_bytes(CONTENT[::-1])
    said, _ = get(str(tmp_path / "absent.zip"), str(wrong), "ftp://127.0.0.1/file.zip", server.url)
    assert path.read_bytes() == CONTENT
    assert [line.rsplit(": ", 1)[1][:20] for line in said[:3]] == [
        "no such file",
        "sha256 is " + hashlib.sha256(CONTENT[::-1]).hexdigest()[:10],
        "ftp is not a way to ",
    ]


def test_all_sources_are_named_at_once(server, tmp_path, get):
    server.behaviours = ["missing"]
    with pytest.raises(InputError) as error:
        get(str(tmp_path / "absent.zip"), server.url)
    assert f"{tmp_path / 'absent.zip'}: no such file; {server.url}: the server answers 404" in str(
        error.value
    )


def test_an_unreachable_server_is_an_answer(get):
    with pytest.raises(InputError, match=r"refused.*, after 3 tries"):
        get("http://127.0.0.1:9/file.zip")


@pytest.mark.parametrize("as_url", [False, True])
def test_a_local_file_is_copied_and_left_alone(path, tmp_path, get, as_url):
    mirror = tmp_path / "mein Spiegel.zip"
    mirror.write_bytes(CONTENT)
    get(mirror.as_uri() if as_url else str(mirror))
    assert path.read_bytes() == CONTENT
    assert not path.samefile(mirror)


def test_without_a_digest_the_one_found_is_said(server, path, get):
    said, _ = get(server.url, sha256=None, size_bytes=None)
    assert path.read_bytes() == CONTENT
    assert f"sha256 {SHA256}, not pinned" in said[-1]


@pytest.mark.parametrize(("size_bytes", "asked"), [(None, None), (SIZE_BYTES, "bytes=1234-")])
def test_without_digest_and_size_a_part_is_not_trusted(server, part, get, size_bytes, asked):
    part.write_bytes(CONTENT[:1234])
    server.behaviours = ["ranged"]
    get(server.url, sha256=None, size_bytes=size_bytes)
    assert server.ranges == [asked]


def test_the_first_eight_digits_are_a_digest(server, path, get):
    get(server.url, sha256=SHA256[:8].upper())
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("digest", ["", SHA256[:7], "not a digest", SHA256 + "0"])
def test_what_is_no_digest_is_refused_before_anything_is_asked(server, get, digest):
    with pytest.raises(InputError, match="8 to 64 hexadecimal digits"):
        get(server.url, sha256=digest)
    assert server.ranges == []


def test_a_disk_too_small_is_noticed_before_anything_is_asked(server, get):
    with pytest.raises(InputError, match=r"free, file.zip needs 1000000000.0 GB"):
        get(server.url, size_bytes=10**18)
    assert server.ranges == []
