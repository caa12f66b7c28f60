from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn  # noqa: E402

from mien.train.averaging import AveragedWeights  # noqa: E402


def test_weights_are_averaged_as_pytorch_does() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    reference = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    ema = AveragedWeights(net, 0.9)
    for _ in range(4):
        with torch.no_grad():
            net[0].weight.mul_(1.1)
            net(torch.rand(5, 3))
        reference.update_parameters(net)
        ema.update(net)
    assert ema.updates == 4
    for name, expected in reference.module.state_dict().items():
        if expected.is_floating_point():
            assert torch.equal(ema.net.state_dict()[name], expected), name
    assert int(ema.net[1].num_batches_tracked) == 4
    assert not torch.equal(ema.net[0].weight, net[0].weight)
