"""A network in eight bits: weights by channel, activations by the ranges that training pictures show."""

import io
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from skinkd.deploy.onnx_model import INPUT

PERCENTILE = 99.99
METHOD = (
    f"static: weights int8 with a scale for each channel, activations uint8 over the range that holds "
    f"{PERCENTILE} % of their values on training pictures; logits, probabilities and maps stay float32. One "
    "scale for all channels would leave most channels of a depthwise convolution few levels, and dynamic "
    "quantisation would look for its ranges anew on every picture."
)
# Histograms are merged; what lies between them in memory is the activations of so many pictures.
CALIBRATED_AT_ONCE = 4


class TrainingPictures(CalibrationDataReader):
    """Hands packed pictures to onnxruntime's calibration, a few at a time.

    Args:
        array: packed pictures, (N, S, S, 3) uint8.
        rows: of those that are shown.
    """

    def __init__(self, array: np.ndarray, rows: np.ndarray):
        self.array = array
        self.pieces = [
            rows[start : start + CALIBRATED_AT_ONCE] for start in range(0, len(rows), CALIBRATED_AT_ONCE)
        ]
        self.waiting: list[np.ndarray] = []

    def __len__(self) -> int:
        return len(self.pieces)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Hand out these pieces next."""
        self.waiting = self.pieces[start_index:end_index]

    def get_next(self) -> dict | None:
        """The next pictures, None after the last."""
        if not self.waiting:
            return None
        piece, *self.waiting = self.waiting
        return {INPUT: np.asarray(self.array[piece])}


def quantise(path, array: np.ndarray, rows: np.ndarray) -> bytes:
    """The content of an ONNX file in eight bits, from one in 32.

    Args:
        path: of the file in 32 bits.
        array: packed pictures, (N, S, S, 3) uint8; `rows` of them show the ranges.
    """
    with tempfile.TemporaryDirectory() as folder, _silently():
        prepared, quantised = Path(folder, "prepared.onnx"), Path(folder, "quantised.onnx")
        # Folds batch norms into their convolutions.
        quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(quantised),
            TrainingPictures(array, rows),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.Percentile,
            nodes_to_exclude=nodes_behind_the_logits(onnx.load(prepared)),
            extra_options={
                "CalibPercentile": PERCENTILE,
                "CalibStridedMinMax": 1,  # what onnxruntime calls it for all methods
                # Rounded logits would tie, and a tie is no decision.
                "OpTypesToExcludeOutputQuantization": ["Gemm"],
            },
        )
        return quantised.read_bytes()


def nodes_behind_the_logits(model) -> list[str]:
    """Names of the nodes of an ONNX graph that the logits do not depend on."""
    maker = {name: node for node in model.graph.node for name in node.output}
    waiting, needed = ["logits"], set()
    while waiting:
        node = maker.get(waiting.pop())
        if node is not None and node.name not in needed:
            needed.add(node.name)
            waiting += node.input
    return [node.name for node in model.graph.node if node.name not in needed]


@contextmanager
def _silently() -> Iterator[None]:
    """onnxruntime counts its tensors aloud, and advises the preparation that has just been done."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)


def drawn_rows(rows: np.ndarray, most: int, seed: int) -> np.ndarray:
    """At most so many of these rows, drawn with a seed, in ascending order."""
    return np.sort(np.random.default_rng(seed).permutation(rows)[:most])
