from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn  # noqa: E402

from mien.train.averaging import AveragedWeights, EpochAverage  # noqa: E402


def test_weights_are_averaged_as_pytorch_does() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    reference = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    ema = AveragedWeights(net, 0.9)
    ema.ramp = False
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


@pytest.mark.parametrize("device", [None, torch.device("cpu")])  # as is, and as for a graph
def test_the_average_of_a_short_run_does_not_lag(device: torch.device | None) -> None:
    net = torch.nn.Linear(1, 1, bias=False)
    ema = AveragedWeights(net, 0.9, device)
    expected = 0.0
    for step in range(120):
        value = float(step + 1)
        torch.nn.init.constant_(net.weight, value)
        decay = 0.0 if step == 0 else min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
        ema.begin(step)
        ema.update(net)
        assert ema.net.weight.item() == pytest.approx(expected, rel=1e-5)
    assert ema.weight == pytest.approx(0.1)  # the ramp has ended


def test_a_captured_update_takes_each_weight_from_the_device() -> None:
    """What a replay does: the same kernels, with the number that ``begin`` has left."""
    net = torch.nn.Linear(1, 1, bias=False)
    ema = AveragedWeights(net, 0.999, torch.device("cpu"))
    ema.begin(5)
    ema.updates = 1000  # Python's number does not count
    torch.nn.init.constant_(net.weight, 1.0)
    torch.nn.init.constant_(ema.net.weight, 0.0)
    ema.update(net)
    assert ema.net.weight.item() == pytest.approx(1 - 6 / 15)


def test_the_average_by_epochs_is_the_mean_of_the_last_ones() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    swa = EpochAverage(net, first=2)
    weights = []
    for epoch in range(5):
        torch.nn.init.normal_(net[0].weight)
        net(torch.rand(5, 3))
        weights.append(net[0].weight.detach().clone())
        swa.update(net, epoch)
        expected = torch.stack(weights[min(2, epoch) :][-max(1, epoch - 1) :]).mean(0)
        torch.testing.assert_close(swa.net[0].weight.detach(), expected)
        assert swa.mixes(epoch) == (epoch > 2)
        assert torch.equal(swa.net[1].running_mean, net[1].running_mean)
