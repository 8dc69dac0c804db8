"""One file that runs the student in a browser: model, onnxruntime and all code inside, no address."""

import base64
import gzip
from pathlib import Path

from markupsafe import Markup
from PIL import Image

from skinkd.album import describe_levels
from skinkd.atomic import digest_of
from skinkd.deploy.pictures import SHOWN_PX
from skinkd.deploy.web_runtime import as_global
from skinkd.diagnoses import NAMES
from skinkd.errors import InputError
from skinkd.images import NO_END, SMALLEST_SIDE_PX
from skinkd.lookups import SCALES
from skinkd.pages import environment_of, policy_digest, style_of
from skinkd.picture_store import MAX_PICTURE_BYTES

TEMPLATE, STYLE = "page.html.jinja", "page.css"
# One script, in an order in which each part finds what it uses.
PARTS = (
    *("student.js", "decoding.js"),
    *("jpeg_bits.js", "jpeg_blocks.js", "jpeg_transforms.js", "jpeg_colours.js", "jpeg_frame.js", "jpeg.js"),
    *("png_samples.js", "png.js", "resampling.js", "page.js"),
)
LEVEL = 6  # of compression: a higher one takes twice as long for half a percent
TOLD = (
    *("notice", "study", "label", "paper", "protocol", "arm", "fold", "seed"),
    *("network", "classes", "size_px"),
)


def page_of_student(about: dict, data: str, path_to_model, runtime: dict, folder) -> str:
    """The page, which opens from a disk and may ask no server for anything.

    Args:
        about: what model.json says.
        data: what the student was trained on, in words.
        path_to_model: the ONNX file.
        runtime: paths of onnxruntime's `script` and `binary`, and its `version`.
        folder: of the page's template, style and scripts; beside it lies the style of all pages of answers.

    Raises:
        InputError: where the runtime's script is of another make.
    """
    environment = environment_of(folder)
    environment.filters["digest"] = policy_digest
    texts = [Path(folder, name).read_text(encoding="utf-8") for name in PARTS]
    library = as_global(Path(runtime["script"]).read_text(encoding="utf-8"), "ort")
    return environment.get_template(TEMPLATE).render(
        about=told(about, path_to_model),
        data=data,
        model=packed(path_to_model),
        runtime=packed(runtime["binary"]),
        runtime_version=runtime["version"],
        scripts=[inline(library), inline("\n".join(texts))],
        style=Markup(style_of(Path(folder).parent / "answers.css", Path(folder, STYLE))),
        scale_label="" if about["study"]["scale"] == "full" else SCALES[about["study"]["scale"]],
    )


def told(about: dict, path_to_model) -> dict:
    """What the page's script must know: the model, and the limits and words of `skinkd.images`."""
    return {
        **{key: about[key] for key in TOLD},
        "input": about["input"],
        "names": {name: NAMES[name] for name in about["classes"] if name in NAMES},
        "model_sha256": digest_of(path_to_model),
        "shown_px": SHOWN_PX,
        "colours": describe_levels(),
        "no_end": NO_END,
        "limits": {
            "smallest_side_px": SMALLEST_SIDE_PX,
            "most_pixels": Image.MAX_IMAGE_PIXELS,
            "most_bytes": MAX_PICTURE_BYTES,
        },
    }


def describe_data(sources: dict, name: str) -> str:
    """What a student was trained on, in words.

    Args:
        sources: of the config.
        name: of the student's source.
    """
    source = sources[name]
    what = "pictures that a program drew" if source.kind == "synthetic" else source.citation
    return f"{what} (source {name}; {source.licence})"


def packed(path) -> str:
    """A file, compressed, in letters; the same file always gives the same ones."""
    return base64.b64encode(gzip.compress(Path(path).read_bytes(), LEVEL, mtime=0)).decode()


def inline(script: str) -> Markup:
    """A script as it may stand in a page.

    Raises:
        InputError: where it would end before its end.
    """
    if "</script" in script.lower() or "<!--" in script:
        raise InputError(
            "page", "a script holds </script or <!--", "A page would cut it there", "write it in two pieces"
        )
    return Markup(script)
