from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.datasets.opening import open_dataset
from mien.datasets.samples import stack
from mien.errors import ConfigError
from mien.preprocess.network_input import normalise, resize_crops
from tests.support import tiny

torch = pytest.importorskip("torch")

from mien.registry import architectures  # noqa: E402
from mien.train.classification.spec import input_spec  # noqa: E402


def config(architecture: str, **keys: Any) -> Any:
    return tiny.config(architecture=architecture, resize=24, input_size=24, ema=0.0, **keys)


@pytest.fixture(scope="module")
def faces(shared: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """600 real pictures as the network sees them, and their labels."""
    dataset = open_dataset(shared / "data" / "fer2013.zip")
    split = stack(islice(dataset.samples("train"), 600), "train")
    spec = input_spec(config("knn"), dataset.facts.labels)
    x = normalise(resize_crops(list(split.images), spec), spec)
    return torch.from_numpy(x), torch.from_numpy(split.labels)


@pytest.mark.parametrize("k", [1, 5])
def test_knn_votes_as_scikit_learns(faces: Any, k: int) -> None:
    neighbors = pytest.importorskip("sklearn.neighbors")
    x, labels = faces
    net = architectures.get("knn")(config("knn", neighbours=k), 7)
    net.fit(x[:500], labels[:500])
    reference = neighbors.KNeighborsClassifier(k, algorithm="brute")
    reference.fit(x[:500].flatten(1).numpy(), labels[:500].numpy())
    shares = reference.predict_proba(x[500:].flatten(1).numpy())  # (100, 7)
    votes = np.exp(net(x[500:]).numpy()) * (k + 0.1 * 7) - 0.1
    np.testing.assert_allclose(votes, shares * k, atol=0.03)
    if k == 1:
        answers = reference.predict(x[500:].flatten(1).numpy())
        assert np.array_equal(net(x[500:]).argmax(1).numpy(), answers)


def test_the_nearest_picture_breaks_ties() -> None:
    net = architectures.get("knn")(config("knn", neighbours=4), 7)
    levels = torch.tensor([1.0, 2.0, 3.0, 4.0])  # distances from 0
    net.fit(levels[:, None, None, None].expand(4, 1, 24, 24), torch.tensor([5, 2, 2, 5]))
    query = torch.zeros(1, 1, 24, 24)
    assert net(query).argmax() == 5
    assert net(query + 5).argmax() == 5  # from the other side, too
    assert net(query + 2.4).argmax() == 2


def test_majority_against_scikit_learn(faces: Any) -> None:
    dummy = pytest.importorskip("sklearn.dummy")
    x, labels = faces
    net = architectures.get("majority")(config("majority"), 7)
    net.fit(x, labels)
    reference = dummy.DummyClassifier(strategy="prior").fit(x.flatten(1).numpy(), labels.numpy())
    got, expected = net(x[:5]).exp().numpy(), reference.predict_proba(x[:5].flatten(1).numpy())
    np.testing.assert_allclose(got, expected, atol=1e-3)
    assert np.array_equal(got.argmax(1), reference.predict(x[:5].flatten(1).numpy()))


@pytest.mark.parametrize("name", ["knn", "majority"])
def test_a_class_without_pictures_is_unlikely_but_possible(name: str) -> None:
    net = architectures.get(name)(config(name), 7)
    net.fit(torch.randn(30, 1, 24, 24), torch.arange(30) % 6)
    logits = net(torch.randn(4, 1, 24, 24))
    assert logits.isfinite().all() and (logits[:, 6] == logits.min(1).values).all()
    torch.testing.assert_close(logits.exp().sum(1), torch.ones(4))


@pytest.mark.parametrize("name", ["knn", "majority"])
def test_a_fitted_network_is_loaded_into_an_empty_one(name: str) -> None:
    keys = config(name, neighbours=3)
    net, empty = (architectures.get(name)(keys, 7) for _ in range(2))
    net.fit(torch.randn(40, 1, 24, 24), torch.arange(40) % 7)
    empty.load_state_dict(net.state_dict())
    x = torch.randn(9, 1, 24, 24)
    assert torch.equal(net(x), empty(x))
    assert not list(net.parameters())


def test_whitened_pixels_have_other_neighbours() -> None:
    torch.manual_seed(0)
    x = torch.randn(200, 1, 24, 24) + 10 * torch.randn(200, 1, 1, 1)  # light hides the rest
    x[100:] = x[:100] + 20 * torch.randn(100, 1, 1, 1)  # the same pictures in other light
    labels = torch.arange(100) % 7
    answers = {}
    for whitening in (False, True):
        net = architectures.get("knn")(config("knn", whitening=whitening), 7)
        net.fit_input(x)
        net.fit(x[:100], labels)
        answers[whitening] = (net(x[100:]).argmax(1) == labels).float().mean().item()
    assert answers[False] < 0.5 and answers[True] > 0.95


def test_more_neighbours_than_pictures_are_refused() -> None:
    net = architectures.get("knn")(config("knn", neighbours=9), 7)
    with pytest.raises(ConfigError, match="neighbours = 9, but there are 8 pictures"):
        net.fit(torch.randn(8, 1, 24, 24), torch.arange(8) % 7)
