"""The answers as one page that needs no network."""

import base64
import hashlib
import io
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from skinkd.formats import number, percent

TEMPLATES = Path(__file__).resolve().parents[4] / "report"


def page_of(answers: list, about: dict) -> str:
    """A page with each picture, its heat map and its probabilities.

    Args:
        answers: of `skinkd.deploy.answers`.
        about: what model.json says.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "percent": percent, "uri": data_uri}
    style = (TEMPLATES / "predictions.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.get_template("predictions.html.jinja").render(
        answers=[answer for answer in answers if not answer.problem],
        refused=[answer for answer in answers if answer.problem],
        about=about,
        style=Markup(style),
        style_sha256=digest,
    )


def data_uri(pixels: np.ndarray) -> str:
    """A picture (H, W, 3) uint8 as a WebP file in an address."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="WEBP", quality=88)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
