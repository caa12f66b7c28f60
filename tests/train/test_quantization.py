from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

import onnxruntime  # noqa: E402
from onnx import numpy_helper  # noqa: E402

from mien.train.onnx_graph import traced  # noqa: E402
from mien.train.quantization import BATCH, quantized  # noqa: E402


def test_convolutions_compute_in_8_bits_and_answer_nearly_alike() -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, 1, 1), torch.nn.ReLU(), torch.nn.Conv2d(8, 4, 3, 2, 1),
        torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, 5),
    ).eval()  # fmt: skip
    with torch.no_grad():
        net[2].weight[0] *= 20  # a channel of a scale of its own
    x = torch.randn(40, 3, 12, 12)
    sizes = {0: torch.export.Dim("batch")}
    whole = traced(net, torch.zeros(2, 3, 12, 12), sizes, ["input"], ["logits"])
    small = quantized(whole, x.numpy())

    session = onnxruntime.InferenceSession(small.SerializeToString())
    [got] = session.run(None, {"input": x.numpy()})
    expected = net(x).detach().numpy()
    assert 0 < np.abs(got - expected).max() < 0.05 * np.abs(expected).max()

    stored = {t.name: numpy_helper.to_array(t) for t in small.graph.initializer}
    kernel = stored["2.weight_quantized"].astype(np.float32)
    scale = stored["2.weight_scale"][:, None, None, None]
    assert stored["2.weight_quantized"].dtype == np.int8 and np.abs(kernel).max() <= 64
    own = net[2].weight.detach().numpy()
    assert (np.abs(kernel * scale - own) <= scale / 2 + 1e-6).all()
    kinds = [node.op_type for node in small.graph.node]
    assert kinds.count("Gemm") == 1 and "5.weight" in stored  # what is no convolution stays
    assert "0.weight" in stored and "0.weight_quantized" not in stored  # the first one stays


def test_squeeze_and_excitation_multiplies_in_8_bits() -> None:
    from mien.train.classification.models.resnet import SqueezeExcitation

    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 16, 3), torch.nn.ReLU(), torch.nn.Conv2d(16, 16, 3),
        SqueezeExcitation(16), torch.nn.Flatten(),
    ).eval()  # fmt: skip
    x = torch.randn(64, 1, 12, 12)
    sizes = {0: torch.export.Dim("batch")}
    small = quantized(traced(net, x[:2], sizes, ["input"], ["logits"]), x.numpy())
    [product] = [node for node in small.graph.node if node.op_type == "Mul"]
    made = {name: node.op_type for node in small.graph.node for name in node.output}
    assert [made[name] for name in product.input] == ["DequantizeLinear"] * 2
    session = onnxruntime.InferenceSession(small.SerializeToString())
    [got] = session.run(None, {"input": x.numpy()})
    expected = net(x).detach().numpy()
    assert np.abs(got - expected).mean() < 0.01 * np.abs(expected).max()


def test_an_outlier_does_not_take_the_steps_of_all_others() -> None:
    """Of 64 batches one has values 30 times as large; a range over all would have steps for it."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Conv2d(4, 4, 3), torch.nn.Flatten()
    ).eval()
    x = torch.rand(64 * BATCH, 1, 6, 6)
    with_outlier = x.clone()
    with_outlier[5] *= 30
    sizes = {0: torch.export.Dim("batch")}
    whole = traced(net, torch.zeros(2, 1, 6, 6), sizes, ["input"], ["logits"])
    expected = net(x).detach().numpy()

    def error(ranges: torch.Tensor) -> float:
        small = quantized(whole, ranges.numpy())
        session = onnxruntime.InferenceSession(small.SerializeToString())
        [got] = session.run(None, {"input": x.numpy()})
        return float(np.abs(got - expected).mean())

    assert error(with_outlier) < 2 * error(x)


def test_the_graph_that_was_given_is_unchanged() -> None:
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3)).eval()
    sizes = {0: torch.export.Dim("batch")}
    model = traced(net, torch.zeros(2, 1, 5, 5), sizes, ["input"], ["logits"])
    before = model.SerializeToString()
    quantized(model, np.zeros((1, 1, 5, 5), np.float32))
    assert model.SerializeToString() == before
