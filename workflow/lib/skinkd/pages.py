"""What every page and document is made with: strict templates, and contents that stand in it."""

import base64
import hashlib
import io
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def environment_of(folder, **settings) -> Environment:
    """Jinja for the templates in a folder, in which a missing value is an error, never a gap.

    Args:
        settings: of Jinja, beside these; all values are escaped unless `autoescape` says otherwise.
    """
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **{"autoescape": True, **settings},
    )


def style_of(*paths) -> str:
    """Style sheets in one, in their order."""
    return "".join(Path(path).read_text(encoding="utf-8") for path in paths)


def policy_digest(text: str) -> str:
    """The sha256 of a script or style sheet as a content security policy writes it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def webp_uri(image) -> str:
    """A Pillow image, (H, W) RGB, in an address; of its file nothing but the pixels: no place, no camera.

    WebP: a page of PNG photographs would be several times as large.
    """
    from PIL import Image

    bare = Image.frombytes("RGB", image.size, image.convert("RGB").tobytes())
    buffer = io.BytesIO()
    bare.save(buffer, format="WEBP", quality=88, method=6)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
