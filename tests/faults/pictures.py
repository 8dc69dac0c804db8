"""Faults of single pictures, in a zip that is whole."""

import io
import zlib

import numpy as np
from PIL import Image

from faults.archives import IMAGES, ingested, members_of, with_archive, write_members
from faults.fault import INPUT, fault

# Of pictures that cannot be used.
LIST = "ingest/isic_2019/bad_images.csv"


def with_picture(scene, change, which: int = 0) -> str:
    """A scene in whose zip one picture has other bytes; the id of its image."""
    path = with_archive(scene).results / IMAGES
    members = members_of(path)
    name = list(members)[which]
    write_members(path, members | {name: change(members[name])})
    return name.rpartition("/")[2].removesuffix(".jpg")


def saved(image: Image.Image, kind: str, **options) -> bytes:
    """The bytes of a picture file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def converted(mode: str, kind: str):
    """The same picture in another mode and kind of file."""
    return lambda content: saved(Image.open(io.BytesIO(content)).convert(mode), kind)


@fault(
    7,
    "a truncated JPEG",
    INPUT,
    "images are bad: ISIC_",
    "OSError: image file is truncated",
    f"all of them stand in results/{LIST}",
)
def truncated_picture(scene):
    image = with_picture(scene, lambda content: content[: len(content) // 2])
    ended = ingested(scene)
    assert (scene.results / LIST).read_text(encoding="utf-8").splitlines()[1].startswith(f"{image},")
    return ended


@fault(7, "a truncated JPEG that may be left out", 0, "dropped 1 bad images, listed in bad_images.csv: ISIC_")
def truncated_picture_dropped(scene):
    image = with_picture(scene, lambda content: content[: len(content) // 2])
    ended = ingested(scene, on_bad_image="drop")
    assert image not in (scene.results / "ingest/isic_2019/images.csv").read_text(encoding="utf-8")
    return ended


@fault(7, "a JPEG whose end marker was overwritten", 0, "1 images were read although the end marker")
def no_end(scene):
    with_picture(scene, lambda content: content[:-2] + bytes(16))
    return ingested(scene)


@fault(
    8,
    "an empty file and a web page named .jpg",
    INPUT,
    "2 of 240 images are bad",
    "empty file",
    "not a picture",
)
def no_pictures(scene):
    with_picture(scene, lambda _: b"")
    path = scene.results / IMAGES
    members = members_of(path)
    write_members(path, members | {list(members)[1]: b"<html>Not found</html>"})
    return ingested(scene)


@fault(10, "a picture in CMYK", 0, "1 images were converted to RGB from mode CMYK")
def cmyk(scene):
    with_picture(scene, converted("CMYK", "JPEG"))
    return ingested(scene)


@fault(10, "a grey picture", 0, "1 images were converted to RGB from mode L")
def grey(scene):
    with_picture(scene, converted("L", "JPEG"))
    return ingested(scene)


@fault(10, "a picture with a palette", 0, "1 images were converted to RGB from mode P")
def palette(scene):
    with_picture(scene, converted("P", "PNG"))
    return ingested(scene)


@fault(10, "a picture with transparent parts", 0, "1 images were laid on white, from mode RGBA")
def transparent(scene):
    with_picture(scene, lambda _: saved(Image.new("RGBA", (64, 48)), "PNG"))
    ended = ingested(scene)
    assert (np.load(scene.results / "ingest/isic_2019/images.npy") == 255).all(axis=(1, 2, 3)).sum() == 1
    return ended


@fault(11, "a PNG of 16 bits", INPUT, "more than 8 bits; convert it to 8 bits per channel")
def sixteen_bits(scene):
    with_picture(scene, lambda _: saved(Image.fromarray(np.full((48, 64), 40_000, np.uint16)), "PNG"))
    return ingested(scene)


@fault(
    12, "a picture that lies on its side by its EXIF entry", 0, "1 images were turned upright by their EXIF"
)
def lying(scene):
    exif = Image.Exif()
    exif[0x0112] = 6
    image = with_picture(scene, lambda content: saved(Image.open(io.BytesIO(content)), "JPEG", exif=exif))
    ended = ingested(scene)
    table = (scene.results / "ingest/isic_2019/images.csv").read_text(encoding="utf-8").splitlines()
    (row,) = [line for line in table if line.startswith(f"{image},")]
    assert ",48,64," in row
    return ended


@fault(13, "a picture of one pixel", INPUT, "1 x 1 px, a side under 32 px")
def one_pixel(scene):
    with_picture(scene, lambda _: saved(Image.new("RGB", (1, 1)), "PNG"))
    return ingested(scene)


@fault(13, "a picture that would fill the memory", INPUT, "more than 89 million pixels")
def bomb(scene):
    header = bytearray(saved(Image.new("RGB", (40, 40)), "PNG"))
    # The size stands in the IHDR chunk, whose check sum covers it.
    header[16:24] = (14_000).to_bytes(4, "big") * 2
    header[29:33] = zlib.crc32(header[12:29]).to_bytes(4, "big")
    with_picture(scene, lambda _: bytes(header))
    return ingested(scene)
