from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.errors import ModelError
from mien.runtime import open_session

torch = pytest.importorskip("torch", reason="needs the 'train' extra")
onnx = pytest.importorskip("onnx", reason="needs the 'train' extra")
pytest.importorskip("onnxscript", reason="needs the 'train' extra")

from onnx import numpy_helper  # noqa: E402

from mien.train.onnx_graph import store_float16, traced  # noqa: E402


@pytest.fixture(scope="module")
def layer() -> Any:
    torch.manual_seed(0)
    return torch.nn.Linear(8, 3).eval()


@pytest.fixture(scope="module")
def graph(layer: Any) -> Callable[[], Any]:
    """Makes copies of one graph."""
    batch = {0: torch.export.Dim("batch")}
    data = traced(layer, torch.zeros(2, 8), batch, ["x"], ["y"]).SerializeToString()
    return lambda: onnx.load_from_string(data)


@pytest.mark.parametrize("half", [False, True])
def test_the_graph_computes_what_the_network_does(
    graph: Callable[[], Any], layer: Any, tmp_path: Path, half: bool
) -> None:
    model, x = graph(), np.random.default_rng(0).normal(size=(5, 8)).astype(np.float32)
    if half:
        store_float16(model)
    onnx.save(model, tmp_path / "layer.onnx")
    (y,) = open_session(tmp_path / "layer.onnx", threads=1).run(["y"], {"x": x})
    weight = layer.weight.detach().numpy()
    weight = weight.astype(np.float16).astype(np.float32) if half else weight
    np.testing.assert_allclose(y, x @ weight.T + layer.bias.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_the_notes_of_the_exporter_are_left_out(graph: Callable[[], Any]) -> None:
    model = graph()
    assert model.ir_version == 8
    assert not any(n.doc_string or n.metadata_props for n in model.graph.node)


def test_means_over_the_picture_are_global_pools(tmp_path: Path) -> None:
    class Means(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            gate = x.mean((2, 3), keepdim=True) * x.mean((1, 2, 3), keepdim=True)
            volume = x[:, None].mean((2, 3), keepdim=True)[:, 0]  # of five dimensions
            return gate + volume + x.mean((-1, -2), keepdim=True) * x.mean((2, 3))[..., None, None]

    x = torch.randn(5, 3, 6, 7)
    net, sizes = Means().eval(), {0: torch.export.Dim("batch")}
    model = traced(net, torch.zeros(2, 3, 6, 7), sizes, ["x"], ["y"])
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("GlobalAveragePool") == 2 and kinds.count("ReduceMean") == 3
    onnx.save(model, tmp_path / "means.onnx")
    (y,) = open_session(tmp_path / "means.onnx", threads=1).run(["y"], {"x": x.numpy()})
    np.testing.assert_allclose(y, net(x).numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("factor", "advice"), [(1e8, "with float32"), (np.nan, "is not finite: train")]
)
def test_weights_beyond_float16_are_refused(
    factor: float, advice: str, graph: Callable[[], Any]
) -> None:
    model = graph()
    tensor = next(t for t in model.graph.initializer if len(t.dims) > 1)
    values = numpy_helper.to_array(tensor) * np.float32(factor)
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    with pytest.raises(ModelError, match=advice):
        store_float16(model)


@pytest.mark.parametrize("what", [KeyboardInterrupt(), MemoryError(), SystemExit(3)])
@pytest.mark.parametrize("raised", ["from", "during", "at once"])
def test_interruptions_are_not_blamed_on_the_exporter(
    what: BaseException, raised: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def export(*args: Any, **options: Any) -> None:
        if raised == "at once":
            raise what
        try:
            raise what
        except BaseException as error:  # noqa: BLE001 - as the exporter does
            wrapped = torch.onnx.OnnxExporterError("a page of advice")
            raise wrapped from error if raised == "from" else None

    monkeypatch.setattr(torch.onnx, "export", export)
    with pytest.raises(type(what)):
        traced(torch.nn.Identity(), torch.zeros(2, 14), {}, ["x"], ["y"])


def test_a_network_that_cannot_be_exported_is_one_line() -> None:
    class Undecided(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, :7] if x.sum() > 0 else x[:, 7:14]

    with pytest.raises(ModelError, match="cannot make an ONNX graph") as caught:
        traced(Undecided().eval(), torch.zeros(2, 14), {}, ["x"], ["y"])
    assert "\n" not in str(caught.value)
