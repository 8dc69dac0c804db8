"""ONNX files of packaged networks: written by torch, run by onnxruntime."""

import io
import warnings

import numpy as np
import onnxruntime
import torch

from skinkd.deploy.packaged import PackagedNetwork
from skinkd.errors import InputError

INPUT = "pictures"
OPSET = 17  # onnxruntime has it for CPUs, phones and browsers
LARGEST_DIFFERENCE = 1e-4
AT_ONCE = 32


def export(packaged: PackagedNetwork, size_px: int) -> bytes:
    """The content of an ONNX file: `pictures`, (n, S, S, 3) uint8, to the package's outputs, any n."""
    pictures, content = torch.zeros(1, size_px, size_px, 3, dtype=torch.uint8), io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # The newer exporter takes three times as long, needs more packages, and writes paths of this machine
        # into the file. The older one is pinned with torch, and what it writes is compared with torch.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            packaged,
            (pictures,),
            content,
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=list(packaged.outputs),
            dynamic_axes={name: {0: "n"} for name in (INPUT, *packaged.outputs)},
        )
    return content.getvalue()


class OnnxModel:
    """An ONNX file that is run on one thread of the CPU.

    Args:
        file: its path, or its content.

    Attributes:
        outputs: names of what it gives.

    Raises:
        InputError: where onnxruntime cannot run it.
    """

    def __init__(self, file):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        source = file if isinstance(file, bytes) else str(file)
        try:
            self.session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own kinds have no common class but this one.
            raise _unreadable(file, error) from None
        self.outputs = tuple(output.name for output in self.session.get_outputs())

    def run(self, pictures: np.ndarray) -> dict[str, np.ndarray]:
        """Each output by its name, for pictures (n, S, S, 3) uint8."""
        return dict(zip(self.outputs, self.session.run(None, {INPUT: pictures}), strict=True))

    def probabilities(self, pictures: np.ndarray) -> np.ndarray:
        """Calibrated probabilities (n, C) alone, so that no time goes into maps."""
        return self.session.run(["probabilities"], {INPUT: pictures})[0]

    def logits(self, array: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Logits (n, C) float64 of these rows of packed pictures, read piece by piece."""
        pieces = [rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)]
        return np.concatenate([self.run(array[piece])["logits"] for piece in pieces]).astype(np.float64)


def check_parity(packaged: PackagedNetwork, model: OnnxModel, array, rows, expected: np.ndarray) -> dict:
    """How far an exported network is from torch's on real pictures.

    Args:
        array: packed pictures, of which `rows` are compared.
        expected: logits (n, C) of these rows, as torch gives them for pictures that `Part` normalised.

    Raises:
        InputError: where a logit differs by 1e-4 or more.
    """
    largest = dict.fromkeys(("logit", *(set(packaged.outputs) - {"logits"})), 0.0)
    for start in range(0, len(rows), AT_ONCE):
        piece = slice(start, start + AT_ONCE)
        pictures = np.asarray(array[rows[piece]])
        with torch.inference_mode():
            in_torch = dict(zip(packaged.outputs, packaged(torch.from_numpy(pictures)), strict=True))
        found = model.run(pictures)
        largest["logit"] = max(largest["logit"], _distance(found["logits"], expected[piece]))
        for name in set(packaged.outputs) - {"logits"}:
            largest[name] = max(largest[name], _distance(found[name], in_torch[name].numpy()))
    if not largest["logit"] < LARGEST_DIFFERENCE:
        raise _unlike(largest["logit"], np.abs(expected).max())
    return {
        "images": len(rows),
        "limit": LARGEST_DIFFERENCE,
        "largest_logit": float(np.abs(expected).max()),
        "largest_difference": {name: largest[name] for name in sorted(largest)},
    }


def _distance(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found.astype(np.float64) - expected).max())


def _unlike(difference: float, largest: float) -> InputError:
    return InputError(
        "deploy",
        f"the exported network's logits, of up to {largest:.3g}, differ from torch's by up to "
        f"{difference:.3g}; less than {LARGEST_DIFFERENCE:g} is allowed",
        "It would not be the network that was measured",
        "install the torch and onnxruntime of requirements.lock (make .venv/ready); with these, only "
        "rounding is left: train by a recipe that keeps logits smaller",
    )


def _unreadable(file, error: Exception) -> InputError:
    name = "the exported network" if isinstance(file, bytes) else str(file)
    first_line, *_ = str(error).splitlines() or [""]
    return InputError(
        "model",
        f"onnxruntime {onnxruntime.__version__} cannot run {name} ({first_line})",
        "There would be no prediction",
        "make it again: make deploy",
    )
