"""Every registered architecture and every recipe keeps the contract of ``Network``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mien.classifiers.onnx import OnnxClassifier
from mien.errors import ConfigError
from mien.preprocess.network_input import network_input
from tests.support import tiny

torch = pytest.importorskip("torch")

from mien.registry import architectures  # noqa: E402
from mien.train.classification.config import ClassifierConfig  # noqa: E402
from mien.train.classification.models.base import TRAINED_ONLY  # noqa: E402
from mien.train.classification.models.fitted import Fitted  # noqa: E402
from mien.train.classification.spec import input_spec  # noqa: E402
from mien.train.recipe import load_recipe, recipe_names  # noqa: E402

SMALL: dict[str, dict[str, Any]] = {
    "cnn": {"widths": [8, 16], "blocks": [1, 2], "hidden": [24]},
    "knn": {"neighbours": 3},
    "majority": {},
    "mlp": {"widths": [32, 16]},
    "resnet": {},
    "timm": {"backbone": "test_resnet"},
    "unet": {"widths": [8, 12, 16], "blocks": [1, 1, 2]},
}
"""One small network of every architecture."""


def small(name: str, **keys: Any) -> ClassifierConfig:
    size = {"resize": 32, "input_size": 32}
    return tiny.config(architecture=name, **{**size, "dropout": 0.0, **SMALL[name], **keys})


def build(config: ClassifierConfig, *rest: Any) -> Any:
    torch.manual_seed(0)
    net = architectures.get(config.architecture)(config, 7, *rest)
    if isinstance(net, Fitted):
        net.fit(pictures(config, 12), torch.arange(12) % 7)
    return net


def pictures(config: ClassifierConfig, count: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    side = config.input_size
    return torch.randn(count, config.channels, side, side, generator=generator)


def test_a_stem_of_two_convolutions_halves_the_resolution_once() -> None:
    for squeeze_excitation in (False, True):
        config = small("resnet", stem_width=6, squeeze_excitation=squeeze_excitation)
        net, plain = build(config), build(replace(config, stem_width=0))
        x = pictures(config)
        assert net.stem(x).shape == plain.stem(x).shape
        shapes = [tuple(p.shape) for p in net.stem.parameters() if p.ndim == 4]
        assert shapes == [(6, 1, 3, 3), (config.widths[0], 6, 3, 3)]
        assert [key for key in plain.state_dict() if key.startswith("stem.0")] == ["stem.0.weight"]


def test_every_architecture_is_tested() -> None:
    assert set(SMALL) >= set(architectures.names())


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("channels", [1, 3])
def test_contract(name: str, channels: int) -> None:
    if name == "timm":
        pytest.importorskip("timm")
    config = small(name, channels=channels)
    net = build(config, 8, True)
    x = pictures(config)
    features = net.features(x)
    assert features.ndim == 2 and len(features) == 4
    assert torch.allclose(net.head(features), net(x), atol=1e-5)
    total = net(x).square().sum()
    if not isinstance(net, Fitted):
        assert net.auxiliary(features).shape == (4, 8)
        affect = net.affect(features)
        assert affect.shape == (4, 2) and affect.abs().max() <= 1
        total = total + net.auxiliary(features).square().sum() + affect.square().sum()
        total.backward()
    for key, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), key
        # timm begins with residual branches of weight 0.
        assert parameter.grad.abs().max() > 0 or "bias" in key or name == "timm", key
    # What is left without the heads of training is the network as it is exported.
    kept = {k: v for k, v in net.state_dict().items() if not k.startswith(TRAINED_ONLY)}
    bare = build(config, 0, True)
    assert bare.auxiliary is None
    bare.load_state_dict(kept)
    assert torch.equal(bare.eval()(x), net.eval()(x))
    if not isinstance(net, Fitted):
        logits, affect = bare.with_affect(x)
        assert torch.equal(logits, net(x)) and torch.equal(affect, net.affect(net.features(x)))


@pytest.mark.parametrize("name", sorted(set(SMALL) - {"knn", "majority", "timm"}))
def test_freezing_leaves_the_heads_alone(name: str) -> None:
    net = build(small(name), 8, True)
    frozen = {id(p) for p in net.backbone_parameters()}
    free = {key for key, p in net.named_parameters() if id(p) not in frozen}
    assert {key.split(".")[0] for key in free} == {"head", "auxiliary", "affect"}
    assert frozen


@pytest.mark.parametrize(
    "recipe", [name for name in recipe_names() if isinstance(load_recipe(name), ClassifierConfig)]
)
def test_every_recipe_makes_a_network(recipe: str) -> None:
    config = load_recipe(recipe)
    assert config.description.endswith(".")
    if config.architecture == "timm":
        pytest.importorskip("timm")
        config = replace(config, resize=32, input_size=32)
    elif not config.size_schedule:
        assert config.weights is None or config.network_from_weights
    net = build(config)
    x = pictures(config, 2)
    loss = net(x).square().sum()
    if not isinstance(net, Fitted):
        loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
    with torch.device("meta"):  # no room and no time for first weights
        other = architectures.get(config.architecture)(config, 7)
    if not isinstance(net, Fitted):
        other.load_state_dict(net.state_dict(), assign=True)
        assert torch.equal(other.eval()(x), net.eval()(x))


def check_export(config: ClassifierConfig) -> None:
    """Fit what there is to fit, move the running averages off their first values, compare."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    from mien.train.classification import export
    from mien.train.onnx_graph import open_model, with_spec

    net = build(config)
    spec = input_spec(config, tiny.Faces.facts.labels)
    x = torch.from_numpy(network_input(list(export.made_up_crops(14)), spec))
    net.fit_input(x)
    if isinstance(net, Fitted):
        net.fit(x, torch.arange(14) % 7)
    net.train()(x)
    net.eval()
    crops = list(export.made_up_crops(5))
    got = open_model(with_spec(export.to_onnx(net, spec), spec), OnnxClassifier).logits(crops)
    expected = export.torch_logits(net, spec, crops)
    assert np.ptp(expected, axis=0).max() > 1e-3 or config.architecture == "majority"
    np.testing.assert_allclose(got, expected, atol=1e-3 * max(1, np.abs(expected).max()))


EVERYTHING = {
    "norm": "group",
    "activation": "gated_tanh",
    "dropblock": 0.1,
    "whitening": True,
    "channels": 1,
}


@pytest.mark.parametrize(("name", "keys"), [
    ("majority", {}),
    ("knn", {"whitening": True}),
    ("mlp", {"norm": "layer", "activation": "gated_tanh", "whitening": True}),
    ("cnn", {**EVERYTHING, "residual_blocks": 1, "stochastic_depth": 0.1}),
    ("resnet", {**EVERYTHING, "stochastic_depth": 0.1, "squeeze_excitation": True}),
    ("resnet", {"stem_width": 6, "norm": "none"}),
    ("resnet", {"ranks": [[0, 4], [4, 4], [4, 0], [0, 0]] * 2}),
    ("resnet", {"stem_width": 6, "blur_pool": True, "input_size": 30}),
    ("cnn", {"blur_pool": True}),
    ("unet", {"input_size": 30, "dropblock": 0.1}),
    ("unet", {"input_size": 30, "blur_pool": True}),
])  # fmt: skip
def test_the_exported_graph_answers_as_pytorch(name: str, keys: dict[str, Any]) -> None:
    check_export(small(name, **keys))


@pytest.mark.parametrize(
    "recipe", ["resnet18", pytest.param("mobilenet_v3", marks=pytest.mark.slow)]
)
def test_an_exported_backbone_answers_as_pytorch(recipe: str) -> None:
    pytest.importorskip("timm")
    check_export(replace(load_recipe(recipe), resize=48, input_size=48))


OPTIONS = {
    "blur_pool": [True],
    "norm": ["layer", "group", "none"],
    "activation": ["gated_tanh"],
    "dropblock": [0.3],
    "whitening": [True],
}


@pytest.mark.parametrize(("name", "key", "value"), [
    (name, key, value)
    for name in ("mlp", "cnn", "resnet", "unet")
    for key, values in OPTIONS.items()
    for value in values
    if (name, key) not in (("mlp", "dropblock"), ("mlp", "blur_pool"))
])  # fmt: skip
def test_every_option_changes_the_network(name: str, key: str, value: Any) -> None:
    config = small(name)
    x = pictures(config)
    before, after = build(config), build(small(name, **{key: value}))
    for net in (before, after):
        net.fit_input(pictures(config, 50) * 3)
        torch.manual_seed(0)
    changed = not torch.allclose(before(x), after(x), atol=1e-4)
    assert changed
    if key == "dropblock":  # of training alone
        assert torch.equal(build(config).eval()(x), build(small(name, dropblock=0.3)).eval()(x))


@pytest.mark.parametrize(("name", "keys"), [("cnn", {"residual_blocks": 3}), ("resnet", {})])
def test_stochastic_depth_works_only_in_training(name: str, keys: dict[str, Any]) -> None:
    nets = [build(small(name, stochastic_depth=p, **keys)) for p in (0.0, 0.9)]
    x = pictures(small(name))
    torch.manual_seed(0)
    assert not torch.allclose(nets[0](x), nets[1](x), atol=1e-4)
    fresh = [build(small(name, stochastic_depth=p, **keys)).eval()(x) for p in (0.0, 0.9)]
    assert torch.equal(*fresh)


def test_without_normalisation_the_convolutions_have_biases() -> None:
    for name in ("cnn", "resnet", "unet"):
        keys = build(small(name, norm="none")).state_dict()
        assert not any("running" in key for key in keys)
        kernels = [k for k, v in keys.items() if v.ndim == 4 and v.shape[2] == 3]
        assert kernels and all(k.replace("weight", "bias") in keys for k in kernels)


def test_residual_blocks_without_hidden_layers_take_any_size() -> None:
    config = small("cnn", hidden=[], residual_blocks=1, size_schedule=[[0.5, 16]])
    net = build(config)
    for side in (16, 32, 45):
        assert net(torch.randn(2, 1, side, side)).shape == (2, 7)


@pytest.mark.parametrize("side", [8, 13, 31, 48])
def test_a_unet_takes_any_size(side: int) -> None:
    assert build(small("unet"))(torch.randn(2, 1, side, side)).shape == (2, 7)


@pytest.mark.parametrize(("name", "keys", "message"), [
    ("mlp", {"size_schedule": [[0.5, 16]]}, "mlp flattens its input.*leave size_schedule out"),
    ("cnn", {"size_schedule": [[0.5, 16]]}, "cnn flattens its input.*leave size_schedule out"),
    ("cnn", {"widths": [4] * 6, "blocks": [1] * 6}, "6 halvings.*32 pixels: use at least 64"),
    ("unet", {"widths": [4] * 7, "blocks": [1] * 7}, "6 halvings.*32 pixels: use at least 64"),
    ("unet", {"blocks": [1]}, "widths and blocks"),
    ("timm", {"backbone": "resnet19"}, "no backbone 'resnet19': did you mean 'resnet1"),
    ("timm", {"norm": "group"}, "fixed by the backbone"),
    ("timm", {"backbone": "vgg11", "stochastic_depth": 0.1}, "the backbone vgg11 has none"),
])  # fmt: skip
def test_impossible_networks_are_refused(name: str, keys: dict[str, Any], message: str) -> None:
    if name == "timm":
        pytest.importorskip("timm")
    with pytest.raises(ConfigError, match=message):
        build(small(name, **keys))


def test_weights_are_for_backbones() -> None:
    with pytest.raises(ConfigError, match="takes no foreign weights"):
        build(small("cnn")).load_pretrained("imagenet")
