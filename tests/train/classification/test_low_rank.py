from __future__ import annotations

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from mien.train.classification.low_rank import (  # noqa: E402
    Choice,
    chain_macs,
    cheapest,
    divergence,
    factored,
    in_parts,
    measure_moments,
    ranks_to_try,
)
from mien.train.classification.models.low_rank import FULL, Ranks  # noqa: E402


def layer(inputs: int, outputs: int, stride: int = 1, bias: bool = False) -> torch.nn.Conv2d:
    torch.manual_seed(0)
    return torch.nn.Conv2d(inputs, outputs, 3, stride, 1, bias=bias)


def pictures(channels: int, rank: int | None = None) -> torch.Tensor:
    """(6, channels, 9, 9) maps; with ``rank`` the channels are mixtures of so many."""
    torch.manual_seed(1)
    x = torch.randn(6, rank or channels, 9, 9)
    return x if rank is None else torch.einsum("ck,nkhw->nchw", torch.randn(channels, rank), x)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("ranks", [(0, 8), (6, 0), (6, 8)])
def test_as_many_channels_as_before_change_nothing(ranks: Ranks, stride: int, bias: bool) -> None:
    conv, x = layer(6, 8, stride, bias), pictures(6)
    [moments] = measure_moments(torch.nn.Sequential(conv), [conv], x)
    torch.testing.assert_close(factored(conv, moments, ranks)(x), conv(x), rtol=1e-4, atol=1e-5)


def test_what_lies_in_a_plane_is_kept_whole() -> None:
    conv, x = layer(6, 8), pictures(6, rank=2)
    [moments] = measure_moments(torch.nn.Sequential(conv), [conv], x)
    kept = factored(conv, moments, (2, 0))
    torch.testing.assert_close(kept(x), conv(x), rtol=1e-4, atol=1e-4)
    with torch.no_grad():  # outputs in a plane of three dimensions, beside a mean
        conv = layer(6, 8, bias=True)
        mixed = torch.randn(8, 3) @ torch.randn(3, 54)
        conv.weight.copy_(mixed.view(8, 6, 3, 3))
        x = pictures(6)
        [moments] = measure_moments(torch.nn.Sequential(conv), [conv], x)
        torch.testing.assert_close(
            factored(conv, moments, (0, 3))(x), conv(x), rtol=1e-4, atol=1e-4
        )


def test_the_outputs_keep_their_principal_components() -> None:
    conv, x = layer(6, 8, bias=True), pictures(6)
    [moments] = measure_moments(torch.nn.Sequential(conv), [conv], x)
    given = conv(x).detach().transpose(0, 1).flatten(1).double().numpy()  # (8, places)
    np.testing.assert_allclose(moments.mean, given.mean(1), atol=1e-5)
    np.testing.assert_allclose(moments.outputs, np.cov(given, bias=True), atol=1e-4)
    taken = x.transpose(0, 1).flatten(1).double().numpy()
    np.testing.assert_allclose(moments.inputs, taken @ taken.T / taken.shape[1], atol=1e-4)
    for rank in (1, 3, 5):
        lost = (factored(conv, moments, (0, rank))(x) - conv(x)).detach()
        values = np.linalg.svd(given - given.mean(1, keepdims=True), compute_uv=False)
        assert float(lost.square().sum()) == pytest.approx((values[rank:] ** 2).sum(), rel=1e-3)


def test_pictures_that_come_in_several_parts_count_alike() -> None:
    conv = layer(3, 4)
    x = torch.randn(300, 3, 4, 4)
    [moments] = measure_moments(torch.nn.Sequential(conv), [conv], x)
    given = conv(x).detach().transpose(0, 1).flatten(1).numpy()
    np.testing.assert_allclose(moments.outputs, np.cov(given, bias=True), atol=1e-4)
    torch.testing.assert_close(in_parts([conv, torch.relu], x), torch.relu(conv(x)))


@pytest.mark.parametrize("ranks", [FULL, (0, 16), (16, 16), (16, 0)])
@pytest.mark.parametrize("stride", [1, 2])
def test_multiply_adds_are_those_that_pytorch_counts(ranks: Ranks, stride: int) -> None:
    conv, x = layer(32, 48, stride), torch.randn(1, 32, 8, 8)
    [moments] = measure_moments(torch.nn.Sequential(conv), [conv], x)
    chain = conv if ranks == FULL else factored(conv, moments, ranks)
    with FlopCounterMode(display=False) as counter:
        chain(x)
    assert chain_macs(conv, moments.places, ranks) == counter.get_total_flops() // 2


def test_ranks_are_multiples_of_16_up_to_half_the_channels() -> None:
    assert list(ranks_to_try(layer(32, 64))) == [(0, 16), (16, 16)]
    tried = [given for taken, given in ranks_to_try(layer(512, 512)) if not taken]
    assert tried[:4] == [16, 32, 48, 64] and tried[-1] <= 256
    assert all(rank % 16 == 0 for rank in tried)
    assert all(b >= 1.3 * a for a, b in itertools.pairwise(tried))
    assert not list(ranks_to_try(layer(16, 512)))


def test_no_other_choice_of_the_same_cost_diverges_less() -> None:
    rng = np.random.default_rng(0)
    choices = [
        [Choice((0, rank), int(macs * 1e6), float(lost)) for rank, (macs, lost) in enumerate(each)]
        for each in rng.random((4, 5, 2))
    ]
    every = [
        (sum(c.macs for c in combined), sum(c.divergence for c in combined))
        for combined in itertools.product(*choices)
    ]
    for budget in (1e6, 1.5e6, 2.5e6):
        found = cheapest(choices, budget)
        assert found is not None
        macs, lost = sum(c.macs for c in found), sum(c.divergence for c in found)
        assert macs <= budget
        assert lost <= min(other for cost, other in every if cost <= macs) + 1e-12
    assert cheapest(choices, min(cost for cost, _ in every) - 1) is None


def test_the_divergence_is_that_of_kullback_and_leibler() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 5, 7))
    p, q = (np.exp(v) / np.exp(v).sum(1, keepdims=True) for v in (a, b))
    expected = (p * np.log(p / q)).sum(1).mean()
    assert divergence(torch.tensor(a), torch.tensor(b)) == pytest.approx(expected)
