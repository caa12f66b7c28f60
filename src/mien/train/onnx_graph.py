"""PyTorch networks as ONNX graphs, with weights stored as float32 or float16.

The graphs run in ONNX Runtime 1.17 and later. float16 weights are cast to float32 inside the graph,
which ONNX Runtime does once, when it loads the file: arithmetic and speed are those of float32.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper, shape_inference
from torch import nn

from mien.errors import ModelError
from mien.specs.metadata import Spec

if TYPE_CHECKING:
    from onnx import ModelProto

Weights = Literal["float16", "float32", "int8"]
T = TypeVar("T")

OPSET = 18
IR_VERSION = 8  # the oldest that knows this opset, so that older ONNX Runtimes read the file


def traced(
    net: nn.Module,
    example: torch.Tensor,
    sizes: Mapping[int, Any],
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> ModelProto:
    """The graph of ``net``, traced with ``example``, whose dimensions in ``sizes`` may vary.

    Raises ``ModelError`` if PyTorch's exporter cannot trace the network.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's deprecations do not concern users
        try:
            program: Any = torch.onnx.export(
                net, (example,), dynamo=True, dynamic_shapes=(dict(sizes),), opset_version=OPSET,
                input_names=inputs, output_names=outputs, verbose=False,
            )  # fmt: skip
        except torch.onnx.OnnxExporterError as error:
            pass_on_interruption(error)
            cause: BaseException = error  # the first cause is a line, the error itself a page
            while cause.__cause__ is not None:
                cause = cause.__cause__
            reason = str(cause).strip().partition("\n")[0][:200]
            raise ModelError(
                f"PyTorch's exporter cannot make an ONNX graph of this network ({reason}): "
                "evaluate the run itself instead"
            ) from None
    model: ModelProto = program.model_proto
    for noted in (model.graph, *model.graph.node, *model.graph.input, *model.graph.output):
        noted.ClearField("doc_string")
        noted.ClearField("metadata_props")
    pool_globally(model)
    model.graph.ClearField("value_info")
    model.ir_version = IR_VERSION
    return model


def pool_globally(model: ModelProto) -> None:
    """Write means over height and width as GlobalAveragePool. Changes ``model``.

    The exporter writes them as ReduceMean, which ONNX Runtime computes in several times the time,
    and for which it first leaves the order of the channels that its convolutions use.
    """
    graph = model.graph
    inferred = shape_inference.infer_shapes(model).graph
    known = [*inferred.input, *inferred.value_info]
    dimensions = {entry.name: len(entry.type.tensor_type.shape.dim) for entry in known}
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type != "ReduceMean" or len(node.input) < 2:
            continue
        x, axes = node.input
        kept = next((a.i for a in node.attribute if a.name == "keepdims"), 1)
        plane = axes in constants and sorted(constants[axes] % 4) == [2, 3]
        if kept and plane and dimensions.get(x) == 4:
            node.CopyFrom(helper.make_node("GlobalAveragePool", [x], node.output, node.name))
    used = {name for node in graph.node for name in node.input} | {o.name for o in graph.output}
    stored = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(stored)


def pass_on_interruption(error: BaseException) -> None:
    """Raise the Ctrl-C or lack of memory that ``error`` was made of, if it was.

    PyTorch's exporter blames itself for whatever happens while it works.
    """
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop()
        if cause is None or id(cause) in seen:
            continue
        if isinstance(cause, KeyboardInterrupt | SystemExit | MemoryError):
            raise cause from None
        seen.add(id(cause))
        waiting += [cause.__cause__, cause.__context__]


def store_float16(model: ModelProto) -> None:
    """Store every weight matrix and kernel as float16, cast to float32 where it is used.

    Biases stay float32, because they are small. Changes ``model``. Raises ``ModelError`` for values
    beyond float16, or that are not finite.
    """
    graph, casts = model.graph, []
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) > 1:
            name = tensor.name
            values = numpy_helper.to_array(tensor)
            if not np.isfinite(values).all():
                raise ModelError(f"{name} is not finite: train the model again")
            with np.errstate(over="ignore"):
                half = values.astype(np.float16)
            if not np.isfinite(half).all():
                raise ModelError(f"{name} does not fit into float16: export with float32 weights")
            tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.float16"))
            casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def with_spec(model: ModelProto, spec: Spec, more: Mapping[str, str] | None = None) -> bytes:
    """The bytes of ``model`` as a file; its metadata are ``spec`` and ``more``. Changes it."""
    helper.set_model_props(model, {**spec.to_metadata(), **(more or {})})
    data: bytes = model.SerializeToString()
    return data


def open_model(data: bytes, load: Callable[[Path], T]) -> T:
    """The model that ``load`` reads from a temporary file with these bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(data)
        return load(path)
