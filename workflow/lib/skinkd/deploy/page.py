"""The answers as one page that needs no network."""

from pathlib import Path

import numpy as np
from markupsafe import Markup
from PIL import Image

from skinkd.formats import number, percent
from skinkd.pages import environment_of, policy_digest, style_of, webp_uri

TEMPLATES = Path(__file__).resolve().parents[4] / "report"


def page_of(answers: list, about: dict) -> str:
    """A page with each picture, its heat map and its probabilities.

    Args:
        answers: of `skinkd.deploy.answers`.
        about: what model.json says.
    """
    environment = environment_of(TEMPLATES)
    environment.filters |= {"number": number, "percent": percent, "uri": data_uri}
    style = style_of(TEMPLATES / "answers.css", TEMPLATES / "predictions.css")
    return environment.get_template("predictions.html.jinja").render(
        answers=[answer for answer in answers if not answer.problem],
        refused=[answer for answer in answers if answer.problem],
        about=about,
        style=Markup(style),
        style_sha256=policy_digest(style),
    )


def data_uri(pixels: np.ndarray) -> str:
    """A picture (H, W, 3) uint8 in an address."""
    return webp_uri(Image.fromarray(pixels))
