"""Models for tests: tiny, and with answers that can be computed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.labels import FER2013
from mien.specs.classifier import ModelSpec


class Tiny(NamedTuple):
    path: Path
    spec: ModelSpec
    weights: NDArray[np.float32]
    """(C · S · S, K)"""
    bias: NDArray[np.float32]
    """(K,)"""

    def logits(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """(N, C, S, S) network inputs → (N, K), in float64 and without ONNX Runtime."""
        flat = x.reshape(len(x), -1).astype(np.float64)
        return flat @ self.weights.astype(np.float64) + self.bias


def tiny_classifier(
    path: Path,
    labels: tuple[str, ...] = FER2013,
    *,
    name: str = "tiny",
    input_size: int = 44,
    resize: int | None = 48,
    channels: int = 1,
    weights: NDArray[np.floating] | None = None,
    bias: NDArray[np.floating] | None = None,
    seed: int = 0,
    metadata: dict[str, str] | None = None,
    batch: int | str = "N",
    **spec: Any,
) -> Tiny:
    """Write an ONNX classifier of one linear layer: logits = flattened input · weights + bias.

    Without ``weights`` and ``bias`` they are drawn from ``seed``. ``spec`` goes to ``ModelSpec``;
    ``metadata`` takes the place of the spec's own, such as ``{}`` for a file without one;
    ``batch`` may fix the size of a batch.
    """
    onnx = pytest.importorskip("onnx", reason="the 'train' extra brings onnx")
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(seed)
    size = channels * input_size**2
    if weights is None:
        weights = rng.normal(0, 3 / input_size, (size, len(labels)))
    if bias is None:
        bias = rng.normal(0, 0.3, len(labels))
    weights, bias = np.asarray(weights, np.float32), np.asarray(bias, np.float32)
    spec.setdefault("mean", (0.5,) * channels)
    spec.setdefault("std", (0.25,) * channels)
    facts = ModelSpec(
        name=name, labels=labels, input_size=input_size, resize=resize, channels=channels, **spec
    )
    side = input_size
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["pixels"], ["flat"]),
            helper.make_node("Gemm", ["flat", "weights", "bias"], ["logits"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [batch, channels, side, side])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, len(labels)])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, facts.to_metadata() if metadata is None else metadata)
    onnx.save(model, str(path))
    return Tiny(path, facts, weights, bias)


def training_run(place: Path, architecture: str = "resnet") -> tuple[Path, Any]:
    """A folder like that of ``mien train`` with an untrained network, and the network."""
    import torch

    from mien.registry import architectures
    from mien.train import checkpoint
    from mien.train.classification.config import ClassifierConfig

    config = ClassifierConfig(
        name="untrained", architecture=architecture, widths=(8, 8), blocks=(1, 1)
    )
    torch.manual_seed(0)
    net = architectures.get(architecture)(config, 7).eval()
    state = {
        "config": config.to_dict(),
        "labels": list(FER2013),
        "epochs_done": 0,
        "ferplus": False,
        "model": net.state_dict(),
        "ema": net.state_dict(),
        "ema_updates": 0,
        "optimizer": {},
    }
    place.mkdir()
    checkpoint.save(state, place / checkpoint.CHECKPOINT)
    return place, net
