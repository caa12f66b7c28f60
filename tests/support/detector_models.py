"""Detectors for tests: one whose answers can be computed from the picture by eye."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.specs.detector import DetectorSpec

SCORES = (0.9, 0.6, 0.3)
"""Of the red, the green and the blue face."""


def tiny_detector(
    path: Path,
    *,
    name: str = "tiny",
    short_side: int = 64,
    long_side: int = 128,
    metadata: dict[str, str] | None = None,
    answers: tuple[float, ...] = SCORES,
    graph: dict[str, str] | None = None,
    **spec: Any,
) -> DetectorSpec:
    """Write an ONNX detector: a face is the rectangle of what is red, green or blue.

    That is, above 127 in one of the three channels, in pixels of the network's input; a channel
    without such a pixel gives no face. ``spec`` goes to ``DetectorSpec``; ``metadata`` takes the
    place of the spec's own, such as ``{}`` for a file without one; ``answers`` are the scores of
    the three faces; ``graph`` renames inputs and outputs.
    """
    onnx = pytest.importorskip("onnx", reason="the 'train' extra brings onnx")
    from onnx import TensorProto, helper, numpy_helper

    facts = DetectorSpec(name=name, short_side=short_side, long_side=long_side, **spec)
    named = {"pixels": "pixels", "boxes": "boxes", "scores": "scores", **(graph or {})}
    node = helper.make_node
    nodes = [
        node("Cast", [named["pixels"]], ["float"], to=TensorProto.FLOAT),
        node("Transpose", ["float"], ["planes"], perm=[2, 0, 1]),  # (3, H, W)
        node("Greater", ["planes", "half"], ["bright"]),
        node("Cast", ["bright"], ["mask"], to=TensorProto.FLOAT),
        node("ReduceMax", ["mask"], ["columns"], axes=[1], keepdims=0),  # (3, W)
        node("ReduceMax", ["mask"], ["rows"], axes=[2], keepdims=0),  # (3, H)
        node("ArgMax", ["columns"], ["x1"], axis=1),  # (3, 1)
        node("ArgMax", ["rows"], ["y1"], axis=1),
        node("ArgMax", ["columns"], ["last_x"], axis=1, select_last_index=1),
        node("ArgMax", ["rows"], ["last_y"], axis=1, select_last_index=1),
        node("Add", ["last_x", "one"], ["x2"]),
        node("Add", ["last_y", "one"], ["y2"]),
        node("Concat", ["x1", "y1", "x2", "y2"], ["corners"], axis=1),  # (3, 4)
        node("Cast", ["corners"], ["all_boxes"], to=TensorProto.FLOAT),
        node("ReduceMax", ["columns"], ["any"], axes=[1], keepdims=0),  # (3,)
        node("Cast", ["any"], ["there"], to=TensorProto.BOOL),
        node("Compress", ["all_boxes", "there"], [named["boxes"]], axis=0),
        node("Compress", ["all_scores", "there"], [named["scores"]], axis=0),
    ]
    value = helper.make_tensor_value_info
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "tiny",
            [value(named["pixels"], TensorProto.UINT8, ["H", "W", 3])],
            [
                value(named["boxes"], TensorProto.FLOAT, ["N", 4]),
                value(named["scores"], TensorProto.FLOAT, ["N"]),
            ],
            [
                numpy_helper.from_array(np.float32(127), "half"),
                numpy_helper.from_array(np.int64(1), "one"),
                numpy_helper.from_array(np.array(answers, np.float32), "all_scores"),
            ],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    helper.set_model_props(model, facts.to_metadata() if metadata is None else metadata)
    onnx.save(model, str(path))
    return facts


def coloured(height: int, width: int, *faces: tuple[int, int, int, int, int]) -> NDArray[np.uint8]:
    """A black picture with a rectangle for each (channel, x1, y1, x2, y2)."""
    image = np.zeros((height, width, 3), np.uint8)
    for channel, x1, y1, x2, y2 in faces:
        image[y1:y2, x1:x2, channel] = 255
    return image
