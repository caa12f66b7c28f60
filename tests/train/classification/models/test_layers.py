from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from mien.train.classification.models import layers  # noqa: E402


@pytest.mark.parametrize("kind", ["batch", "layer", "group"])
@pytest.mark.parametrize("flat", [False, True])
def test_normalisation_against_its_formula(kind: str, flat: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (6, 16) if flat else (6, 16, 5, 5)).astype(np.float32)
    got = layers.norm_layer(kind, 16, flat)(torch.from_numpy(x)).detach().numpy()
    wide = x.reshape(6, 16, -1)
    groups = {"batch": None, "layer": 1, "group": 8}[kind]
    if groups is None:
        mean, var = wide.mean((0, 2), keepdims=True), wide.var((0, 2), keepdims=True)
    else:
        wide = wide.reshape(6, groups, -1)
        mean, var = wide.mean(2, keepdims=True), wide.var(2, keepdims=True)
    expected = ((wide - mean) / np.sqrt(var + 1e-5)).reshape(x.shape)
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_groups_divide_any_number_of_channels() -> None:
    groups = {c: layers.norm_layer("group", c).num_groups for c in (32, 12, 7, 11)}
    assert groups == {32: 8, 12: 6, 7: 7, 11: 1}


@pytest.mark.parametrize("flat", [False, True])
def test_gated_tanh_against_its_formula(flat: bool) -> None:
    torch.manual_seed(0)
    gate = layers.activation("gated_tanh", 4, flat)
    x = torch.randn(3, 4) if flat else torch.randn(3, 4, 5, 5)
    weight = gate.gates.weight.reshape(8, 4)
    columns = x if flat else x.permute(0, 2, 3, 1)  # channels last
    both = columns @ weight.T + gate.gates.bias
    expected = both[..., :4].tanh() * both[..., 4:].sigmoid()
    expected = expected if flat else expected.permute(0, 3, 1, 2)
    torch.testing.assert_close(gate(x), expected)


def test_drop_block_drops_squares_only_in_training() -> None:
    torch.manual_seed(0)
    block = layers.drop_block(0.2)
    x = torch.ones(8, 16, 24, 24)
    assert torch.equal(block.eval()(x), x)
    out = block.train()(x)
    assert (out == 0).float().mean().item() == pytest.approx(0.2, abs=0.04)
    assert out.mean().item() == pytest.approx(1, abs=0.01)  # what is left is scaled up
    # Every dropped value lies in a dropped 3×3 square.
    dropped = (out == 0).float()
    whole = -F.max_pool2d(-dropped, 3, 1)  # 1 where the square is dropped
    covered = F.max_pool2d(F.pad(whole, [2] * 4), 3, 1)
    assert torch.equal(covered, dropped)


@pytest.mark.parametrize("side", [1, 2, 3])
def test_drop_block_takes_small_maps(side: int) -> None:
    torch.manual_seed(0)
    out = layers.drop_block(0.3)(torch.ones(64, 16, side, side))
    assert out.isfinite().all() and 0.2 < (out == 0).float().mean() < 0.4


def test_stochastic_depth_drops_whole_pictures() -> None:
    torch.manual_seed(0)
    depth = layers.stochastic_depth(0.25)
    x = torch.ones(4000, 2, 3, 3)
    sums = depth(x).sum((1, 2, 3))
    assert sums.unique().tolist() == pytest.approx([0, 18 / (1 - 0.25)])
    assert (sums == 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert torch.equal(depth.eval()(x), x)
    assert layers.depth_probabilities(0.4, 4) == pytest.approx([0.1, 0.2, 0.3, 0.4])


def correlated(count: int, values: int) -> np.ndarray:
    """Pictures of correlated pixels whose variances differ little enough to be all made 1."""
    rng = np.random.default_rng(0)
    mix = np.eye(values) + 0.3 * rng.normal(0, 1, (values, values)) / np.sqrt(values)
    return (rng.normal(0, 1, (count, values)) @ mix + 0.5).astype(np.float32)


def test_whitening_makes_the_covariance_the_identity() -> None:
    x = torch.from_numpy(correlated(4000, 36).reshape(-1, 1, 6, 6))
    whitening = layers.Whitening(36)
    assert torch.equal(whitening(x), x)  # not fitted yet
    before = np.cov(x.flatten(1).numpy().T)
    assert np.abs(before - np.eye(36)).max() > 0.1
    whitening.fit(x)
    white = whitening(x)
    assert white.shape == x.shape
    assert np.abs(np.cov(white.flatten(1).numpy().T) - np.eye(36)).max() < 0.05
    assert white.mean(0).abs().max() < 1e-4


def test_whitening_against_numpy() -> None:
    flat = correlated(300, 48).astype(np.float64)
    x = torch.from_numpy(flat.astype(np.float32).reshape(-1, 3, 4, 4))
    whitening = layers.Whitening(48)
    whitening.fit(x)
    covariance = np.cov(flat.T)
    left, values, _ = np.linalg.svd(covariance)  # of a symmetric matrix: its eigenvectors
    zca = left @ np.diag(1 / np.sqrt(values + 0.01 * values.mean())) @ left.T
    expected = (flat - flat.mean(0)) @ zca
    np.testing.assert_allclose(whitening(x).flatten(1).numpy(), expected, atol=1e-3)


def test_whitening_takes_constant_pixels() -> None:
    x = torch.zeros(20, 1, 4, 4)
    x[:, :, :2] = torch.randn(20, 1, 2, 4, generator=torch.Generator().manual_seed(0))
    whitening = layers.Whitening(16)
    whitening.fit(x)
    white = whitening(x)
    assert white.isfinite().all() and white[:, :, 2:].abs().max() < 1e-3
    whitening.fit(torch.ones(5, 1, 4, 4))
    assert whitening(torch.ones(2, 1, 4, 4)).abs().max() < 1e-3
