"""Picture files of kinds that Pillow reads but does not write."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

# Adam7: first column and row of each pass, and the steps.
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
GREY, COLOUR, GREY_ALPHA = 0, 2, 4


def png(samples: np.ndarray, kind: int, depth: int, *, interlaced=False, transparent=b"") -> bytes:
    """A PNG of samples (H, W, C) in the range of so many bits, each row with another filter."""
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], depth, kind, 0, 0, interlaced)
    passes = PASSES if interlaced else ((0, 0, 1, 1),)
    data = b"".join(_rows(samples[top::down, left::across], depth) for left, top, across, down in passes)
    chunks = [(b"IHDR", header), (b"tRNS", transparent), (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    written = [_chunk(name, content) for name, content in chunks if content or name == b"IEND"]
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def _rows(samples, depth):
    rows, above, step = [], None, max(samples.shape[2] * depth // 8, 1)
    for index, row in enumerate(samples):
        plain = _bytes(row.ravel(), depth)
        above = np.zeros_like(plain) if above is None else above
        kind = index % 3
        left = np.concatenate([np.zeros(step, np.uint8), plain])[: len(plain)]
        rows.append(bytes([kind]) + (plain - [0 * left, left, above][kind]).astype(np.uint8).tobytes())
        above = plain
    return b"".join(rows)


def _bytes(values, depth):
    """A row's bytes: two for each sample of 16 bits, eight samples of one bit in one."""
    if depth == 16:
        return values.astype(">u2").view(np.uint8)
    bits = np.unpackbits(values.astype(np.uint8)[:, None], axis=1)[:, 8 - depth :]
    return np.packbits(bits.ravel())


def _chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def photograph(width_px: int, height_px: int, seed=0) -> Image.Image:
    """Soft colours and fine grain: what tells one way to decode or to shrink from another."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    soft = np.asarray(Image.fromarray(coarse).resize((width_px, height_px), Image.Resampling.BICUBIC))
    grain = generator.normal(0, 15, (height_px, width_px, 3))
    return Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))


def saved(image: Image.Image, file_format: str, **options) -> bytes:
    """The bytes of a picture file."""
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()
