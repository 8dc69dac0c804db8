"""Faults of an archive as it arrives."""

import stat
import zipfile
from pathlib import Path

from faults.fault import INPUT, fault
from faults.scene import Scene

ARCHIVE = "archive/isic_2019"
IMAGES = f"{ARCHIVE}/images.zip"
PACKED = "ingest/isic_2019/images.npy"


def with_archive(scene: Scene) -> Scene:
    """A scene with the drawn archive in the place of the official one."""
    for name in ("images.zip", "ground_truth.csv", "metadata.csv"):
        path = scene.results / ARCHIVE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((scene.finished / "archive/demo" / name).read_bytes())
    return scene


def ingested(scene: Scene, **params):
    """How the job ends that packs the archive."""
    return scene.run(PACKED, **params)


def members_of(path: Path) -> dict[str, bytes]:
    """What a zip holds."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_members(path: Path, members: dict[str, bytes]) -> None:
    """Write a zip anew."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@fault(1, "a truncated zip", INPUT, "images.zip is truncated (", "Fix: delete it and download it again")
def truncated_zip(scene):
    with_archive(scene).spoil(IMAGES, lambda content: content[:-5000])
    return ingested(scene)


@fault(
    1, "a web page in the place of a zip", INPUT, "is not a zip (first bytes b'<html>", "The server sent an"
)
def page_for_zip(scene):
    with_archive(scene).spoil(IMAGES, lambda _: b"<html>Please log in</html>")
    return ingested(scene)


@fault(
    2, "a flipped bit in a zip", INPUT, "images.zip is damaged: ISIC_", "Bad CRC-32", "Fix: download it again"
)
def flipped_bit_in_zip(scene):
    with_archive(scene)
    picture = next(iter(members_of(scene.results / IMAGES).values()))

    def flip(content):
        place = content.index(picture) + len(picture) // 2
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    scene.spoil(IMAGES, flip)
    # Never taken for a bad picture that may be left out.
    return ingested(scene, on_bad_image="drop")


@fault(
    3,
    "members of a zip that lead elsewhere",
    INPUT,
    "unsafe member path '../../evil.jpg'",
    "unsafe member path '/etc/evil.jpg'",
    "unsafe member path 'link.jpg'",
)
def unsafe_members(scene):
    with_archive(scene)
    with zipfile.ZipFile(scene.results / IMAGES, "a") as archive:
        for name in ("../../evil.jpg", "/etc/evil.jpg"):
            archive.writestr(name, b"evil")
        link = zipfile.ZipInfo("link.jpg")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    ended = ingested(scene)
    assert not (scene.folder.parent / "evil.jpg").exists()
    return ended
