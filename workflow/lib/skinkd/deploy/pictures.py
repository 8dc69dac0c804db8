"""A picture file that somebody brings, on the same way to pixels as those that the student learned from."""

import os
import stat
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from skinkd.images import BadImage, decode, pack
from skinkd.picture_store import MAX_PICTURE_BYTES

SHOWN_PX = 320


class ReadPicture(NamedTuple):
    """A picture as the student sees it, and as people do.

    Args:
        pixels: (S, S, 3) uint8, stretched to a square.
        shown: (H, W, 3) uint8, upright, in its own aspect, at most 320 px wide and high.
        changes: what was done to it beyond decoding.
    """

    pixels: np.ndarray
    shown: np.ndarray
    changes: tuple[str, ...]


def read_picture(name: str, size_px: int) -> ReadPicture:
    """Decode a picture file.

    Args:
        name: of the file.
        size_px: side of the square.

    Raises:
        BadImage: where there is no such file, it may not be read, or `skinkd.images.decode` refuses it.
    """
    content = _content_of(name)
    picture = decode(content, target_px=size_px)
    shown = decode(content, target_px=SHOWN_PX // 2).image
    shown.thumbnail((SHOWN_PX, SHOWN_PX), Image.Resampling.BILINEAR)
    return ReadPicture(pack(picture, size_px), np.asarray(shown), picture.changes)


def _content_of(name: str) -> bytes:
    """The bytes of a file that can be a picture."""
    try:
        about = os.stat(name)
        if stat.S_ISDIR(about.st_mode):
            raise BadImage("a folder; name the pictures in it")
        # A pipe or a device may never end.
        if not stat.S_ISREG(about.st_mode):
            raise BadImage("not a regular file")
        if about.st_size > MAX_PICTURE_BYTES:
            raise BadImage(f"{about.st_size:,} bytes, more than {MAX_PICTURE_BYTES:,}")
        return Path(name).read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, BadImage):
            raise
        raise BadImage(getattr(error, "strerror", None) or str(error)) from None
