from __future__ import annotations

import numpy as np
import pytest

from tests.support import tiny

torch = pytest.importorskip("torch")

from mien.train.classification.sampling import epoch_length, epoch_order  # noqa: E402

LABELS = torch.tensor([0] * 500 + [1] * 50 + [3] * 5)  # no picture of class 2


def order(seed: int = 0, **keys: object) -> torch.Tensor:
    config = tiny.config(**keys)
    drawn = epoch_order(LABELS, config, torch.Generator().manual_seed(seed))
    assert len(drawn) == epoch_length(LABELS, config)
    return drawn


def counts(drawn: torch.Tensor) -> list[int]:
    return torch.bincount(LABELS[drawn], minlength=4).tolist()


def test_a_natural_epoch_has_every_picture_once() -> None:
    assert sorted(order().tolist()) == list(range(len(LABELS)))
    assert order().tolist() != order(1).tolist()
    assert order(1).tolist() == order(1).tolist()


def test_at_most_n_of_each_class_and_others_in_each_epoch() -> None:
    drawn = order(epoch_per_class=20)
    assert counts(drawn) == [20, 20, 0, 5]
    assert len(set(drawn.tolist())) == 45
    assert set(drawn.tolist()) != set(order(1, epoch_per_class=20).tolist())


def test_balanced_draws_every_class_equally_often() -> None:
    found = np.mean([counts(order(seed, sampling="balanced")) for seed in range(20)], axis=0)
    assert found[2] == 0
    np.testing.assert_allclose(found[[0, 1, 3]], len(LABELS) / 3, rtol=0.1)
    assert sum(counts(order(sampling="balanced", epoch_per_class=7))) == 21
