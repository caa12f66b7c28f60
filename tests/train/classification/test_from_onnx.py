from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.classifiers.onnx import OnnxClassifier
from mien.classifiers.probabilities import softmax
from mien.errors import ModelFileError
from mien.preprocess.network_input import network_input
from mien.weights import DEFAULT
from tests.support import tiny

torch = pytest.importorskip("torch")

from mien.registry import architectures  # noqa: E402
from mien.train.classification.classifier import torch_logits  # noqa: E402
from mien.train.classification.export import made_up_crops, to_onnx  # noqa: E402
from mien.train.classification.from_onnx import fit_norms, load_onnx  # noqa: E402
from mien.train.classification.spec import input_spec  # noqa: E402
from mien.train.classification.vectors import vectors_of  # noqa: E402
from mien.train.onnx_graph import store_float16, with_spec  # noqa: E402

CROPS = list(made_up_crops(8))
LABELS = tuple("abcde")
SMALL: dict[str, Any] = {"resize": 24, "input_size": 24}
FAMILIES: dict[str, dict[str, Any]] = {
    "resnet": {"architecture": "resnet", "widths": [8, 16], "blocks": [1, 1], "stem_width": 4,
               "squeeze_excitation": True, **SMALL},
    "low rank": {"architecture": "resnet", "widths": [8, 16], "blocks": [1, 1],
                 "ranks": [[0, 4], [4, 4], [4, 0], [0, 0]], **SMALL},
    "gated": {"architecture": "resnet", "widths": [8], "blocks": [1], "activation": "gated_tanh",
              **SMALL},
    "cnn": {"architecture": "cnn", "widths": [8], "blocks": [1], "hidden": [16], **SMALL},
    "unet": {"architecture": "unet", "widths": [8, 16], "blocks": [1, 1], **SMALL},
    "blurred": {"architecture": "resnet", "widths": [8, 16], "blocks": [1, 1], "blur_pool": True,
                **SMALL},
    "mlp": {"architecture": "mlp", "widths": [16], **SMALL},
    "whitened": {"architecture": "mlp", "widths": [16], "norm": "none", "whitening": True, **SMALL},
    "grouped": {"architecture": "resnet", "widths": [8], "blocks": [1], "norm": "group", **SMALL},
    "layered": {"architecture": "mlp", "widths": [16], "norm": "layer", **SMALL},
}  # fmt: skip


def exported(path: Path, **keys: Any) -> torch.nn.Module:
    """A network with uncommon vectors, and its export."""
    config = tiny.config(**keys)
    torch.manual_seed(0)
    net = architectures.get(config.architecture)(config, len(LABELS)).eval()
    for name, value in net.state_dict().items():
        if value.is_floating_point() and value.ndim == 1:
            low = 0.5 if name.endswith((".weight", "running_var")) else -0.5
            value.uniform_(low, 1.5)
    spec = replace(input_spec(config, LABELS), card={"recipe": config.to_dict()})
    write(net, spec, path)
    return net


def write(net: torch.nn.Module, spec: Any, path: Path) -> None:
    model = to_onnx(net, spec)
    store_float16(model)
    path.write_bytes(with_spec(model, spec, vectors_of(net)))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_answers_like_its_file(family: str, tmp_path: Path) -> None:
    own = exported(tmp_path / "m.onnx", **FAMILIES[family])
    net, config, spec, _ = load_onnx(tmp_path / "m.onnx")
    assert config == tiny.config(**FAMILIES[family])
    file = OnnxClassifier(tmp_path / "m.onnx").logits(CROPS)
    # A group normalisation has its weights as float16 in the file, as float32 beside it.
    np.testing.assert_allclose(torch_logits(net, spec, CROPS), file, atol=5e-4)
    net.train(), own.train()
    x = torch.from_numpy(network_input(CROPS, spec))
    torch.manual_seed(0)
    trained = net(x)
    torch.manual_seed(0)
    np.testing.assert_allclose(trained.detach(), own(x).detach(), atol=0.02)


def test_the_shipped_model_comes_back_whole() -> None:
    net, _, spec, folded = load_onnx(DEFAULT)
    assert not folded
    # Its file computes in 8 bits, the network in float32.
    own = softmax(torch_logits(net, spec, CROPS), spec.temperature)
    off = np.abs(own - OnnxClassifier(DEFAULT).classify(CROPS))
    assert off.max() < 0.15 and off.mean() < 0.02


def test_a_file_of_an_earlier_version_keeps_its_answers_and_nearly_so_in_training(
    tmp_path: Path,
) -> None:
    whole, _, spec, _ = load_onnx(DEFAULT)
    (tmp_path / "m.onnx").write_bytes(with_spec(to_onnx(whole, spec), spec))
    net, _, spec, folded = load_onnx(tmp_path / "m.onnx")
    before = torch_logits(net, spec, CROPS)
    np.testing.assert_allclose(before, OnnxClassifier(tmp_path / "m.onnx").logits(CROPS), atol=1e-4)
    x = torch.from_numpy(network_input(CROPS, spec))
    fit_norms(net, folded, x.split(4))
    assert len(folded) == sum(isinstance(m, torch.nn.BatchNorm2d) for m in net.modules())
    np.testing.assert_allclose(torch_logits(net, spec, CROPS), before, atol=1e-4)
    bodies = [net.features(x).detach()]
    net.train()
    net.dropout.p = 0.0
    bodies.append(net.features(x).detach())
    off = float((bodies[0] - bodies[1]).norm() / bodies[0].norm())
    assert off < 0.02


def test_a_file_of_another_network_than_its_recipe_is_refused(tmp_path: Path) -> None:
    exported(tmp_path / "m.onnx", **FAMILIES["mlp"])
    spec = OnnxClassifier(tmp_path / "m.onnx").spec
    import onnx

    model = onnx.load(str(tmp_path / "m.onnx"))
    other = {**spec.card["recipe"], "widths": [8]}
    (tmp_path / "o.onnx").write_bytes(with_spec(model, replace(spec, card={"recipe": other})))
    with pytest.raises(ModelFileError, match=r"does not fit its own recipe.*give the run"):
        load_onnx(tmp_path / "o.onnx")
    other = {**spec.card["recipe"], "activation": "gated_tanh"}
    (tmp_path / "o.onnx").write_bytes(with_spec(model, replace(spec, card={"recipe": other})))
    with pytest.raises(ModelFileError, match="lacks layers"):
        load_onnx(tmp_path / "o.onnx")
    (tmp_path / "o.onnx").write_bytes(with_spec(model, replace(spec, card={})))
    with pytest.raises(ModelFileError, match="no recipe in its card"):
        load_onnx(tmp_path / "o.onnx")
    (tmp_path / "o.onnx").write_bytes(
        with_spec(model, replace(spec, card={"recipe": {"name": "x", "widths": "wide"}}))
    )
    with pytest.raises(ModelFileError, match="damaged recipe"):
        load_onnx(tmp_path / "o.onnx")


@pytest.mark.parametrize("version", ["this", "earlier"])
def test_valence_and_arousal_come_back_too(version: str, tmp_path: Path) -> None:
    config = tiny.config(architecture="resnet", widths=[8], blocks=[1], **SMALL)
    net = architectures.get("resnet")(config, len(LABELS), 0, True).eval()
    spec = replace(input_spec(config, LABELS), card={"recipe": config.to_dict()}, affect=True)
    model = to_onnx(net, spec)
    more = vectors_of(net) if version == "this" else {}
    (tmp_path / "m.onnx").write_bytes(with_spec(model, spec, more))
    back, *_, folded = load_onnx(tmp_path / "m.onnx")
    assert bool(folded) == (version == "earlier")
    x = torch.randn(2, 1, 24, 24)
    for got, expected in zip(back.with_affect(x), net.with_affect(x), strict=True):
        torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)
