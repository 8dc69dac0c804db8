"""The folder that ships: what lies in it, and what its model.json says."""

from pathlib import Path

from skinkd.atomic import digest_of
from skinkd.deploy.chosen import ABOUT, NETWORK, ONNX
from skinkd.deploy.onnx_model import INPUT, OPSET
from skinkd.deploy.packaged import PackagedNetwork
from skinkd.deploy.records import read_record_of
from skinkd.errors import InputError
from skinkd.intact import check_digest

NOT_A_DEVICE = (
    "Not a medical device. For research on knowledge distillation only: nothing here is a diagnosis, and no "
    "decision about a patient may rest on it."
)


def describe_model(chosen: dict, description: dict, packaged: PackagedNetwork, study: dict) -> dict:
    """What whoever runs the model must know.

    Args:
        chosen: the run that was chosen.
        description: of its network.
        study: name, title, scale, and whether all its pictures are synthetic.
    """
    return {
        "study": study,
        "notice": NOT_A_DEVICE,
        **{key: chosen[key] for key in ("paper", "protocol", "arm", "label", "role", "fold", "seed")},
        "network": description["network"],
        "classes": description["classes"],
        "size_px": description["size_px"],
        "input": {
            "name": INPUT,
            "type": "uint8",
            "shape": ["n", description["size_px"], description["size_px"], 3],
            "means": "RGB pictures, upright, stretched to a square with bilinear filtering",
        },
        "outputs": list(packaged.outputs),
        "temperature": float(packaged.temperature),
        "opset": OPSET,
    }


def read_model(folder) -> dict:
    """What model.json says of a folder whose files are those that it names.

    Raises:
        InputError: where there is no model, or a file is not the one that was written.
    """
    folder = Path(folder)
    if not (folder / ABOUT).is_file():
        raise InputError(
            "model",
            f"there is no {ABOUT} in {folder}",
            "There is no student to ask",
            "make one (make deploy), or name the folder of one with --model",
        )
    about = read_record_of(folder / ABOUT)
    for name, file in (("onnx", ONNX), ("network", NETWORK)):
        path = folder / file
        if not path.is_file():
            raise InputError(
                "model", f"there is no {file} in {folder}", "The model is not whole", "make deploy"
            )
        check_digest("model", path, digest_of(path), about["files"][name], folder / ABOUT)
    return about
