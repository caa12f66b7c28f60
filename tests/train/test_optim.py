from __future__ import annotations

import pytest

from tests.support import tiny

torch = pytest.importorskip("torch")

from mien.registry import architectures  # noqa: E402
from mien.train.optim import (  # noqa: E402
    l1_norm,
    load_optimizer_state,
    make_optimizer,
    optimizer_state,
    set_rate,
)


@pytest.fixture
def net() -> torch.nn.Module:
    torch.manual_seed(0)
    return architectures.get("resnet")(tiny.config(), 7)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("sgd", torch.optim.SGD), ("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)],
)
def test_only_kernels_and_matrices_decay(net: torch.nn.Module, name: str, kind: type) -> None:
    optimizer = make_optimizer(net, tiny.config(optimizer=name, weight_decay=0.1, lr=0.01))
    assert type(optimizer) is kind
    decayed, plain = optimizer.param_groups
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.1, 0.0)
    names = {id(p): name for name, p in net.named_parameters()}
    assert all(names[id(p)].endswith("weight") and p.ndim > 1 for p in decayed["params"])
    assert {names[id(p)] for p in plain["params"]} >= {"head.bias", "stem.1.weight"}
    assert len(decayed["params"]) + len(plain["params"]) == len(names)


def test_l1_is_the_sum_of_absolute_weights(net: torch.nn.Module) -> None:
    expected = sum(
        m.weight.detach().abs().sum()
        for m in net.modules()
        if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)
    )
    assert float(l1_norm(net).detach()) == pytest.approx(float(expected), rel=1e-6)


def test_each_layer_learns_slower_than_the_next(net: torch.nn.Module) -> None:
    layers = list(net.body_layers())
    body = {id(p) for layer in layers for p in layer}
    assert body == {id(p) for p in net.backbone_parameters()}
    assert len(layers) == 5  # the stem and four blocks
    factors = {p: 0.5 ** (5 - depth) for depth, layer in enumerate(layers) for p in layer}
    optimizer = make_optimizer(net, tiny.config(weight_decay=0.1), factors=factors)
    set_rate(optimizer, 0.8)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert rates[id(net.head.weight)] == rates[id(net.head.bias)] == 0.8
    assert rates[id(net.stem[0].weight)] == rates[id(net.stem[1].weight)] == 0.8 / 32
    assert rates[id(net.stages[3].conv2.weight)] == 0.4
    decayed = [p for g in optimizer.param_groups if g["weight_decay"] for p in g["params"]]
    assert {p.ndim > 1 for p in decayed} == {True} and len(rates) == len(list(net.parameters()))


def test_a_checkpoint_from_before_layer_decay_can_be_resumed(net: torch.nn.Module) -> None:
    optimizer = make_optimizer(net, tiny.config())
    old = optimizer_state(optimizer)
    for group in old["param_groups"]:
        del group["rate_factor"]
    load_optimizer_state(optimizer, old)
    set_rate(optimizer, 0.25)
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.25]
