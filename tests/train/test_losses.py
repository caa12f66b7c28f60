from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from mien.train.losses import distillation, smooth, soft_cross_entropy, vote_distribution  # noqa: E402

GENERATOR = torch.Generator().manual_seed(0)
LOGITS = torch.randn(32, 7, generator=GENERATOR) * 3
LABELS = torch.randint(0, 7, (32,), generator=GENERATOR)


def same(a: torch.Tensor, b: torch.Tensor) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-5)


def test_soft_cross_entropy_is_pytorchs() -> None:
    targets = torch.softmax(torch.randn(32, 7, generator=GENERATOR), 1)
    same(soft_cross_entropy(LOGITS, targets), F.cross_entropy(LOGITS, targets))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_smoothing_is_pytorchs(smoothing: float) -> None:
    targets = smooth(LABELS, 7, smoothing)
    same(targets.sum(1), torch.ones(32))
    expected = F.cross_entropy(LOGITS, LABELS, label_smoothing=smoothing)
    same(soft_cross_entropy(LOGITS, targets), expected)


def test_weights_take_pictures_out() -> None:
    targets = smooth(LABELS, 7, 0.1)
    weights = (torch.arange(32) % 2).float()
    expected = soft_cross_entropy(LOGITS[1::2], targets[1::2])
    same(soft_cross_entropy(LOGITS, targets, weights), expected)
    assert float(soft_cross_entropy(LOGITS, targets, torch.zeros(32))) == 0


def test_half_precision_logits_are_summed_in_float32() -> None:
    assert soft_cross_entropy(LOGITS.bfloat16(), smooth(LABELS, 7, 0.0)).dtype == torch.float32


def test_votes_become_distributions_without_unknown_and_no_face() -> None:
    votes = torch.tensor([[4, 0, 0, 1, 0, 0, 0, 0, 3, 2], [0, 0, 0, 0, 0, 0, 0, 0, 1, 9]]).float()
    targets, weights = vote_distribution(votes)
    counts = votes.numpy()[0, :8]
    np.testing.assert_allclose(targets[0].numpy(), counts / counts.sum())
    assert weights.tolist() == [1.0, 0.0]
    assert bool(targets[1].eq(0).all())


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_distillation_is_hintons_formula(temperature: float) -> None:
    student, teacher = LOGITS.double().numpy(), LOGITS.flip(0).double().numpy()

    def soften(logits: np.ndarray) -> np.ndarray:
        powers = np.exp(logits / temperature)
        return powers / powers.sum(1, keepdims=True)

    p, q = soften(teacher), soften(student)
    expected = temperature**2 * (p * np.log(p / q)).sum(1).mean()
    got = distillation(LOGITS, LOGITS.flip(0), temperature)
    assert float(got) == pytest.approx(expected, rel=1e-5)
    assert float(distillation(LOGITS, LOGITS, temperature)) == pytest.approx(0, abs=1e-6)
