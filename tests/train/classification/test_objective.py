from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mien.errors import ConfigError
from tests.support import tiny

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from mien.registry import architectures  # noqa: E402
from mien.train.classification.objective import Objective  # noqa: E402
from mien.train.classification.tensors import TensorSplit  # noqa: E402

ROWS = torch.arange(24)


def split(**facts: Any) -> TensorSplit:
    rng = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 5, (24,), generator=rng)  # no picture of classes 5 and 6
    known = {"votes": None, "targets": None, "affect": None, **facts}
    return TensorSplit(torch.zeros(24, 48, 48, 1, dtype=torch.uint8), labels, **known)


def loss(data: TensorSplit, **keys: Any) -> tuple[float, torch.Tensor, torch.nn.Module]:
    config = tiny.config(label_smoothing=0.0, dropout=0.0, **keys)
    objective = Objective(config, 7, data, None)
    torch.manual_seed(0)
    make = architectures.get("resnet")
    net = make(config, 7, 8 if objective.ferplus else 0, bool(config.affect_weight)).eval()
    x = torch.randn(24, 1, 44, 44, generator=torch.Generator().manual_seed(1))
    value, logits = objective.loss(net, x, objective.targets(ROWS), x)
    torch.testing.assert_close(logits, net(x))
    return float(value.detach()), x, net


def test_class_weights_are_inverse_frequencies() -> None:
    data = split()
    counts = torch.bincount(data.labels, minlength=7).float()
    value, x, net = loss(data, class_weights=True)
    weights = torch.where(counts > 0, 24 / (5 * counts.clamp(min=1)), 0)
    assert float(weights[data.labels].mean()) == pytest.approx(1)
    expected = F.cross_entropy(net(x), data.labels, weight=weights)
    assert value == pytest.approx(float(expected), rel=1e-5)


def test_soft_labels_replace_hard_ones() -> None:
    soft = torch.softmax(torch.randn(24, 7, generator=torch.Generator().manual_seed(2)), 1)
    value, x, net = loss(split(targets=soft))
    assert value == pytest.approx(float(F.cross_entropy(net(x), soft)), rel=1e-5)


@pytest.mark.parametrize("weight", [0.5, 1.0])
def test_votes_are_an_auxiliary_head(weight: float) -> None:
    votes = torch.zeros(24, 10)
    votes[:12, 3] = 10
    votes[12:, 9] = 10  # not a face: no label of the auxiliary head
    data = split(votes=votes)
    value, x, net = loss(data, ferplus_weight=weight)
    own = F.cross_entropy(net(x), data.labels)
    extra = F.cross_entropy(net.auxiliary(net.features(x))[:12], torch.full((12,), 3))
    expected = (own + weight * extra) / (1 + weight)
    assert value == pytest.approx(float(expected), rel=1e-5)


def test_valence_and_arousal_are_learned_by_concordance_where_they_are_known() -> None:
    rng = np.random.default_rng(0)
    affect = rng.uniform(-1, 1, (24, 2)).astype(np.float32)
    affect[20:] = np.nan
    data = split(affect=torch.from_numpy(affect))
    value, x, net = loss(data, affect_weight=0.5)
    predicted = net.affect(net.features(x)).detach().numpy()[:20].astype(float)
    ccc = [
        2 * np.cov(a, b, bias=True)[0, 1] / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)
        for a, b in zip(predicted.T, affect[:20].T.astype(float), strict=True)
    ]
    own = float(F.cross_entropy(net(x), data.labels))
    assert value == pytest.approx(own + 0.5 * (1 - np.mean(ccc)), rel=1e-4)


def test_objectives_that_the_data_lacks_are_refused() -> None:
    with pytest.raises(ConfigError, match="no valence and arousal"):
        loss(split(), affect_weight=1.0)
    with pytest.raises(ConfigError, match="gives soft ones"):
        loss(split(targets=torch.full((24, 7), 1 / 7)), loss="svm")
