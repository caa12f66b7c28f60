from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.train.distributed import World  # noqa: E402
from mien.train.sharpness import uphill  # noqa: E402
from mien.train.step import Step  # noqa: E402

CPU = torch.device("cpu")
CURVATURE = np.array([1.0, 4.0, 0.5])


class Quadratic:
    """The loss ½ Σ c w², whose gradient is c w."""

    def __init__(self, sam: float) -> None:
        self.config = SimpleNamespace(sam=sam, grad_clip=0.0)
        self.net = torch.nn.Linear(3, 1, bias=False).double()
        self.seen = list[Any]()

    def prepare(self, batch: Any) -> Any:
        return batch

    def loss(self, batch: Any) -> Any:
        w = self.net.weight[0]
        self.seen.append(w.detach().numpy().copy())
        return (torch.from_numpy(CURVATURE) * w**2).sum() / 2, {}


@pytest.mark.parametrize("radius", [0.0, 0.05, 0.7])
def test_a_step_follows_the_formula_of_sharpness_aware_minimisation(radius: float) -> None:
    task: Any = Quadratic(radius)
    optimizer = torch.optim.SGD(task.net.parameters(), lr=0.1)
    step = Step(task, "fp32", optimizer, None, CPU, World())
    w = task.net.weight[0].detach().numpy().copy()
    for _ in range(3):
        loss, _ = step(None)
        assert float(loss) == pytest.approx((CURVATURE * w**2).sum() / 2)
        gradient = CURVATURE * w
        uphill_w = w + radius * gradient / np.linalg.norm(gradient)
        np.testing.assert_allclose(task.seen[-1], uphill_w, rtol=1e-9)
        w = w - 0.1 * CURVATURE * uphill_w
        np.testing.assert_allclose(task.net.weight[0].detach().numpy(), w, rtol=1e-9)
    assert len(task.seen) == (6 if radius else 3)


def test_the_way_back_is_exact_and_leaves_the_statistics_alone() -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.BatchNorm1d(4))
    net[0].bias.requires_grad_(False)
    x = torch.randn(8, 4)
    net(x).square().sum().backward()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with uphill(net, 0.3):
        moved = torch.cat(
            [(p.detach() - before[name]).flatten() for name, p in net.named_parameters()]
        )
        assert float(moved.norm()) == pytest.approx(0.3, rel=1e-5)
        assert torch.equal(net[0].bias, before["0.bias"])
        assert not torch.equal(net(x), torch.nn.functional.linear(x, net[0].weight))
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name]), name
    net(x)
    assert int(net[1].num_batches_tracked) == 2
