"""From the bytes of a picture file to a square of pixels, or to the reason why not."""

import io
import warnings
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

SMALLEST_SIDE_PX = 32
# Only these: other decoders of Pillow start programs or are rarely tried.
FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
EXIF_ORIENTATION = 0x0112
SCAN, END = b"\xff\xda", b"\xff\xd9"  # of a JPEG
NO_END = "read although the end marker of their JPEG is lost"


class BadImage(ValueError):
    """A picture that cannot be used; the message says why."""


class Picture(NamedTuple):
    """A decoded picture.

    Args:
        image: RGB, upright, perhaps decoded at a fraction of its size.
        width_px, height_px: of the upright picture at its full size.
        changes: what was done to it beyond decoding, for the notices.
    """

    image: Image.Image
    width_px: int
    height_px: int
    changes: tuple[str, ...]


def decode(content: bytes, *, target_px: int | None = None) -> Picture:
    """Decode a whole picture file into upright RGB.

    Args:
        content: the bytes of the file.
        target_px: side of the square that it will become; a JPEG more than twice as
            large is decoded at the fraction that is still at least twice as large.

    Raises:
        BadImage: empty, not a picture, truncated, smaller than 32 px, larger than 89 Mpx, or
            with more than 8 bits in its one channel.
    """
    if not content:
        raise BadImage("empty file")
    try:
        # Pillow only warns between 89 and 179 million pixels.
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _decode(content, target_px)
    except (BadImage, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise BadImage(f"not a picture (first bytes {content[:12]!r})") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise BadImage(f"more than {Image.MAX_IMAGE_PIXELS / 1e6:.0f} million pixels") from error
    except Exception as error:  # Pillow's decoders raise nearly every kind on damaged bytes.
        raise BadImage(f"{type(error).__name__}: {error}") from error


def pack(picture: Picture, size_px: int) -> np.ndarray:
    """Stretch a picture to a square, as the papers do, whatever its aspect: (size_px, size_px, 3), uint8."""
    square = picture.image.resize((size_px, size_px), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(square)


def _decode(content: bytes, target_px: int | None) -> Picture:
    image = Image.open(io.BytesIO(content), formats=FORMATS)
    width_px, height_px = image.size
    if min(image.size) < SMALLEST_SIDE_PX:
        raise BadImage(f"{width_px} x {height_px} px, a side under {SMALLEST_SIDE_PX} px")
    if target_px is not None:
        image.draft(None, (2 * target_px, 2 * target_px))
    image.load()
    upright, turned = _turned_upright(image)
    if turned and image.getexif().get(EXIF_ORIENTATION, 1) >= 5:
        width_px, height_px = height_px, width_px
    rgb, converted = _as_rgb(upright)
    cut = (NO_END,) if image.format == "JPEG" and _lacks_end(content) else ()
    return Picture(rgb, width_px, height_px, (*turned, *converted, *cut))


def _lacks_end(jpeg: bytes) -> bool:
    """Whether no end marker follows the last scan; within a scan's data, neither marker can stand."""
    return jpeg.rfind(END) < jpeg.rfind(SCAN)


def _turned_upright(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    if image.getexif().get(EXIF_ORIENTATION, 1) in range(2, 9):
        return ImageOps.exif_transpose(image), ("turned upright by their EXIF orientation",)
    return image, ()


def _as_rgb(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    if image.mode.startswith(("I", "F")):
        # Pillow's own conversion clips these to white, and their depth is not recorded.
        raise BadImage(f"mode {image.mode}, more than 8 bits; convert it to 8 bits per channel")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB"), (f"laid on white, from mode {image.mode}",)
    if image.mode == "RGB":
        return image, ()
    return image.convert("RGB"), (f"converted to RGB from mode {image.mode}",)
