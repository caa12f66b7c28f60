from __future__ import annotations

import numpy as np
import pytest

from tests.support import tiny

torch = pytest.importorskip("torch")

from mien.train.classification.config import ClassifierConfig  # noqa: E402
from mien.train.classification.mixing import Mixture, draw_mixture, mix  # noqa: E402


def mixed(
    x: torch.Tensor, target: torch.Tensor, drawn: Mixture, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x, (target,) = mix(x, [target], drawn.kind, torch.tensor(drawn.numbers), generator)
    return x, target


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_targets_are_mixed_as_the_pictures_are(kind: str) -> None:
    value = torch.arange(32.0) / 32  # picture i is i/32 all over, and so is its target
    x = value.view(32, 1, 1, 1).expand(32, 1, 44, 44)
    rng = np.random.default_rng(0)
    for seed in range(5):
        drawn = draw_mixture(tiny.config(**{kind: 1.0}), 44, rng)
        assert drawn.kind == kind
        pictures, target = mixed(x, value.view(32, 1), drawn, seed)
        np.testing.assert_allclose(pictures.mean((2, 3)), target, atol=1e-5)
        assert float((pictures - x).abs().max()) > 0
        kept_whole = bool(torch.isin(pictures, value).all())
        assert kept_whole == (kind == "cutmix")  # CutMix never blends


def test_cutmix_replaces_one_square() -> None:
    x = torch.arange(8.0).view(8, 1, 1, 1).expand(8, 1, 20, 20)
    pictures, _ = mixed(x, x[:, :, 0, 0], Mixture("cutmix", 1 - (6 / 20) ** 2, 3, 9, 6))
    square = torch.zeros(20, 20, dtype=torch.bool)
    square[3:9, 9:15] = True
    for picture, own in zip(pictures[:, 0], x[:, 0], strict=True):
        assert torch.equal(picture[~square], own[~square])
        assert len(picture[square].unique()) == 1
    assert bool((pictures[:, 0, 3, 9] != x[:, 0, 3, 9]).any())


def drawn_kinds(config: ClassifierConfig) -> list[str]:
    rng = np.random.default_rng(0)
    return [draw_mixture(config, 8, rng).kind for _ in range(400)]


def test_the_right_share_of_batches_is_mixed() -> None:
    kinds = drawn_kinds(tiny.config(mixup=0.2, mix_probability=0.25))
    assert 0.68 < kinds.count("") / 400 < 0.82
    assert set(drawn_kinds(tiny.config())) == {""}
    both = drawn_kinds(tiny.config(mixup=0.2, cutmix=1.0))
    assert 0.42 < both.count("mixup") / 400 < 0.58 and "" not in both
    x = torch.rand(4, 1, 8, 8)
    assert mix(x, [], "", torch.zeros(5), torch.Generator())[0] is x
