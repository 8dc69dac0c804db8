"""Faults of fetching a file: its connection, its bytes, its disk, its network."""

import hashlib
import signal

from faults.archives import IMAGES, members_of, write_members
from faults.fault import FAILED, INPUT, fault
from faults.scene import Scene
from faults.server import serving
from faults.surroundings import (
    NEW_NETWORK,
    signal_once,
    skip_where_not_allowed,
    without_network,
)
from skinkd.atomic import digest_of

MEBIBYTE = 2**20
WEIGHTS = "weights/resnet50_imagenet/resnet50-0676ba61.pth"
# What came before a connection ended is kept, and no name that a job asks for is on it.
PART = f"{IMAGES}.part"


def drawn_zip(scene: Scene):
    """The archive as it was drawn."""
    return scene.finished / "archive/demo/images.zip"


def mirrored(scene: Scene, content: bytes, **pinned):
    """How the job ends that fetches the archive from a folder."""
    mirror = scene.folder / "mirror/ISIC_2019_Training_Input.zip"
    mirror.parent.mkdir()
    mirror.write_bytes(content)
    return scene.run(IMAGES, sources=[str(mirror.relative_to(scene.folder))], **pinned)


@fault(1, "a web page on a mirror", INPUT, "no source gave images.zip", "a web page instead of the file")
def page_on_mirror(scene):
    return mirrored(scene, b"<html>Please log in</html>")


@fault(
    4,
    "a connection that is cut again and again",
    INPUT,
    "the connection ended at ",
    ", after 3 tries",
    leaves=(PART,),
)
def cut_connection(scene):
    content = drawn_zip(scene).read_bytes()
    with serving(content, most_bytes=10_000) as server:
        ended = scene.run(IMAGES, sources=[server.url], size_bytes=len(content))
    assert server.ranges == [None, "bytes=10000-", "bytes=20000-"]
    return ended


@fault(4, "a download that is killed", 0, "images.zip: from http://127.0.0.1:", leaves=(PART,))
def killed_download(scene):
    # A download is written in pieces of a mebibyte.
    content = drawn_zip(scene).read_bytes().ljust(3 * MEBIBYTE, b"\0")
    about = {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    with serving(content, most_bytes=MEBIBYTE + 1000, stalls=True) as server:
        kill = signal_once("images.zip.part", (scene.results / IMAGES).parent, signal.SIGKILL)
        assert scene.run(IMAGES, inside=kill, sources=[server.url], **about).status == -signal.SIGKILL
        server.stalls, server.most_bytes = False, len(content)
        ended = scene.run(IMAGES, sources=[server.url], **about)
    assert server.ranges == [None, f"bytes={MEBIBYTE}-"]
    assert (scene.results / IMAGES).read_bytes() == content
    return ended


@fault(5, "a file of another digest", INPUT, "sha256 is ", ", expected ", "Fix: ")
def other_digest(scene):
    content = drawn_zip(scene).read_bytes()
    return mirrored(scene, content + b"more", sha256=digest_of(drawn_zip(scene)))


@fault(9, "a flipped bit in a picture before it was packed", INPUT, "sha256 is ", ", expected ")
def flipped_bit_before_packing(scene):
    path = scene.folder / "flipped.zip"
    members = members_of(drawn_zip(scene))
    name = next(iter(members))
    content = bytearray(members[name])
    content[len(content) // 2] ^= 1
    write_members(path, members | {name: bytes(content)})
    return mirrored(scene, path.read_bytes(), sha256=digest_of(drawn_zip(scene)))


@fault(
    42,
    "weights without a network",
    INPUT,
    "no source gave resnet50-0676ba61.pth",
    "prefetch`",
)
def no_network(scene):
    skip_where_not_allowed(NEW_NETWORK, "network")
    return scene.run(WEIGHTS, inside=without_network)


@fault(42, "weights without a network, in a run of the graph", FAILED, "ERROR ", "Fix: ")
def no_network_for_run(scene):
    skip_where_not_allowed(NEW_NETWORK, "network")
    return scene.snakemake(f"results/{WEIGHTS}", inside=without_network)
