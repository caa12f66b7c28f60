from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from mien.train.classification.losses import (  # noqa: E402
    concordance,
    distillation,
    focal,
    smooth,
    soft_cross_entropy,
    squared_hinge,
    vote_distribution,
)

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


def test_a_soft_label_weighs_its_sum() -> None:
    targets = smooth(LABELS, 7, 0.1)
    mass = (torch.arange(32) % 2).float()[:, None]
    same(
        soft_cross_entropy(LOGITS, targets * mass), soft_cross_entropy(LOGITS[1::2], targets[1::2])
    )
    assert float(soft_cross_entropy(LOGITS, torch.zeros(32, 7))) == 0
    # Mixed half and half with a picture without votes, a label keeps half its weight.
    halved = torch.cat([targets[:1] / 2, targets[1:2]])
    one, other = (float(soft_cross_entropy(LOGITS[[i]], targets[[i]])) for i in (0, 1))
    assert float(soft_cross_entropy(LOGITS[:2], halved)) == pytest.approx((one / 2 + other) / 1.5)


def test_class_weights_are_pytorchs() -> None:
    weights = torch.tensor([0.5, 1.0, 2.0, 0.1, 3.0, 1.5, 0.7])
    got = soft_cross_entropy(LOGITS, smooth(LABELS, 7, 0.0), weights[LABELS])
    same(got, F.cross_entropy(LOGITS, LABELS, weight=weights))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_is_lins_formula(gamma: float) -> None:
    logits = LOGITS.double().numpy()
    p = np.exp(logits - logits.max(1, keepdims=True))
    p = (p / p.sum(1, keepdims=True))[np.arange(32), LABELS.numpy()]
    expected = (-((1 - p) ** gamma) * np.log(p)).mean()
    assert float(focal(LOGITS, smooth(LABELS, 7, 0.0), gamma)) == pytest.approx(expected, rel=1e-4)


def test_squared_hinge_is_tangs_formula() -> None:
    logits, hot = LOGITS.double().numpy(), np.eye(7)[LABELS.numpy()]
    expected = (np.maximum(0, 1 - np.where(hot == 1, 1, -1) * logits) ** 2).sum(1).mean()
    got = squared_hinge(LOGITS, F.one_hot(LABELS, 7).float())
    assert float(got) == pytest.approx(expected, rel=1e-5)


def test_concordance_is_lins_definition() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(0.2, 0.5, 200)
    b = 0.7 * a + rng.normal(0.1, 0.2, 200)
    rho = np.corrcoef(a, b)[0, 1]
    expected = 2 * rho * a.std() * b.std() / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)
    assert float(concordance(torch.tensor(a), torch.tensor(b))) == pytest.approx(expected, rel=1e-4)
    assert float(concordance(torch.tensor(a), torch.tensor(a))) == pytest.approx(1, abs=1e-5)
    assert float(concordance(torch.ones(5), torch.ones(5) * 2)) == pytest.approx(0, abs=1e-6)


def test_half_precision_logits_are_summed_in_float32() -> None:
    assert soft_cross_entropy(LOGITS.bfloat16(), smooth(LABELS, 7, 0.0)).dtype == torch.float32


def test_votes_become_distributions_without_unknown_and_not_a_face() -> None:
    votes = torch.tensor([[4, 0, 0, 1, 0, 0, 0, 0, 3, 2], [0, 0, 0, 0, 0, 0, 0, 0, 1, 9]]).float()
    targets = vote_distribution(votes)
    counts = votes.numpy()[0, :8]
    np.testing.assert_allclose(targets[0].numpy(), counts / counts.sum())
    assert bool(targets[1].eq(0).all())


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_distillation_is_hintons_formula(temperature: float) -> None:
    student, teacher = LOGITS.double().numpy(), LOGITS.flip(0).double().numpy()

    def soften(logits: np.ndarray) -> np.ndarray:
        powers = np.exp(logits / temperature)
        return powers / powers.sum(1, keepdims=True)

    p, q = soften(teacher), soften(student)
    expected = temperature**2 * (p * np.log(p / q)).sum(1).mean()
    taught = torch.log_softmax(LOGITS / temperature, 1)
    got = distillation(LOGITS, taught.flip(0), temperature)
    assert float(got) == pytest.approx(expected, rel=1e-5)
    assert float(distillation(LOGITS, taught, temperature)) == pytest.approx(0, abs=1e-6)
