from __future__ import annotations

import pytest

from tests.support import tiny

torch = pytest.importorskip("torch")

from mien.registry import architectures  # noqa: E402
from mien.train.optim import l1_norm, make_optimizer  # noqa: E402


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
