"""ONNX graphs that compute in 8 bits, as ONNX Runtime's static quantisation makes them."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import ModelProto

BATCH = 16
QUANTIZED = ["Conv", "Mul"]


def quantized(model: ModelProto, x: NDArray[np.float32]) -> ModelProto:
    """``model`` with convolutions of 8-bit weights and activations (Jacob et al. 2018).

    Each channel of a kernel has a scale of its own, each activation one for its range: the mean of
    those over batches of the (N, C, S, S) inputs ``x``, so that a rare outlier does not take the
    steps of all others. Products have 8 bits, too, which are those of squeeze-and-excitation;
    ONNX Runtime then pools in 8 bits what it multiplies. All else stays float32, and so does the
    first convolution, whose few roundings would reach everything. On a CPU with AVX512-VNNI it is
    about twice as fast as float32.

    Weights have 7 bits: processors without VNNI add pairs of products in 16 bits, which 8 would
    overflow.
    """
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    [name] = [entry.name for entry in model.graph.input]
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]

    class Pictures(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.parts: Iterator[NDArray[np.float32]] = iter(
                [x[start : start + BATCH] for start in range(0, len(x), BATCH)]
            )

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            part = next(self.parts, None)
            return None if part is None else {name: part}

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quiet = logging.getLogger()
        level = quiet.level
        quiet.setLevel(logging.ERROR)  # it advises to preprocess, which the exporter has done
        try:
            before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
            onnx.save(model, before)
            quantize_static(
                before, after, Pictures(), quant_format=QuantFormat.QDQ,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True,
                reduce_range=True, op_types_to_quantize=QUANTIZED,
                nodes_to_exclude=convolutions[:1] if len(convolutions) > 1 else [],
                extra_options={"CalibMovingAverage": True},
            )  # fmt: skip
        finally:
            quiet.setLevel(level)
        return onnx.load(after)
