from __future__ import annotations

import numpy as np
import pytest

from tests.support import tiny

torch = pytest.importorskip("torch")

from mien.registry import architectures  # noqa: E402
from mien.train.classification.models.blur_pool import BlurPool, max_pool  # noqa: E402


@pytest.mark.parametrize("shape", [(8, 8), (7, 10), (3, 2), (1, 1)])
def test_it_is_a_binomial_convolution_of_stride_2(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).normal(size=shape)
    kernel = np.outer([1, 2, 1], [1, 2, 1]) / 16
    padded = np.pad(image, 1, mode="edge")
    expected = [
        [(padded[y : y + 3, x : x + 3] * kernel).sum() for x in range(0, shape[1], 2)]
        for y in range(0, shape[0], 2)
    ]
    found = BlurPool()(torch.from_numpy(image)[None, None])
    np.testing.assert_allclose(found[0, 0].numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("side", [2, 5, 8])
def test_pooling_with_and_without_blur_halves_alike(side: int) -> None:
    x = torch.randn(2, 3, side, side)
    assert max_pool(True)(x).shape == max_pool(False)(x).shape == (2, 3, side // 2, side // 2)


def test_it_holds_nothing_that_a_checkpoint_needs() -> None:
    assert not BlurPool().state_dict() and not list(BlurPool().parameters())


def jitter(name: str, blur: bool) -> float:
    """How much the features change when a smooth picture moves by a pixel, as a share of them."""
    keys = {"architecture": name, "widths": [16, 16, 16], "blocks": [1, 1, 1]}
    config = tiny.config(**keys, resize=32, input_size=32, blur_pool=blur, stem_stride=1)
    torch.manual_seed(0)
    net = architectures.get(name)(config, 7).eval()
    # One wave every 3.2 pixels: too fine for maps of half the size, and periodic in 32 pixels.
    wave = torch.sin(torch.arange(32) * 2 * np.pi * 10 / 32)
    x = (wave[:, None] + wave)[None, None].float()
    with torch.no_grad():
        if name == "cnn":  # before its hidden layers, averaged
            moved = [net.stages(p)[:, :, 1:-1, 1:-1].mean((2, 3)) for p in (x, x.roll(1, 3))]
        else:
            moved = [net.features(p) for p in (x, x.roll(1, 3))]
    return float((moved[0] - moved[1]).norm() / moved[0].norm())


@pytest.mark.parametrize("name", ["resnet", "cnn"])
def test_a_shifted_picture_changes_the_features_less(name: str) -> None:
    assert jitter(name, True) < 0.6 * jitter(name, False)
