from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mien.errors import ConfigError, ModelFileError
from mien.labels import FER2013
from tests.support import tiny
from tests.support.runs import state, train

torch = pytest.importorskip("torch")

from mien.registry import architectures  # noqa: E402
from mien.train.classification.start import (  # noqa: E402
    Start,
    check_network_fits,
    load_start,
    open_start,
    take_network,
)


@pytest.fixture(scope="module")
def start(run: Path) -> Start:
    return open_start(str(run))


def loaded(start: Start, labels: tuple[str, ...], **keys: object) -> tuple[torch.nn.Module, str]:
    config = replace(start.config, **keys)  # type: ignore[arg-type]
    torch.manual_seed(1)
    net = architectures.get(config.architecture)(config, len(labels), 8)
    return net, load_start(net, start, labels)


def test_the_same_labels_keep_every_weight(start: Start, run: Path) -> None:
    net, note = loaded(start, FER2013)
    kept = state(run)["ema"]
    assert all(torch.equal(value, kept[name]) for name, value in net.state_dict().items())
    assert "kept: the labels are the same" in note


def test_fewer_labels_in_another_order_keep_their_rows(start: Start) -> None:
    net, note = loaded(start, ("neutral", "anger"))
    weight, bias = start.weights["head.weight"], start.weights["head.bias"]
    rows = [FER2013.index("neutral"), FER2013.index("anger")]
    assert torch.equal(net.head.weight, weight[rows]) and torch.equal(net.head.bias, bias[rows])
    assert note == "the last layer is kept for neutral, anger, in this order"


def test_new_labels_start_at_random(start: Start) -> None:
    net, note = loaded(start, ("bored", "fear"))
    fear = FER2013.index("fear")
    assert torch.equal(net.head.weight[1], start.weights["head.weight"][fear])
    assert not any(torch.equal(net.head.weight[0], row) for row in start.weights["head.weight"])
    assert "for fear, and starts at random for bored" in note
    assert loaded(start, ("bored",))[1] == "the last layer is new: it starts at random"


def test_affect_that_is_not_trained_is_dropped_and_said(start: Start) -> None:
    net = architectures.get(start.config.architecture)(start.config, 7, 8, affect=True)
    estimates = {name: value for name, value in net.state_dict().items() if "affect." in name}
    with_affect = replace(start, weights={**start.weights, **estimates})
    assert estimates and "valence and arousal are dropped" in loaded(with_affect, FER2013)[1]
    assert "dropped" not in load_start(net, with_affect, FER2013)
    assert "dropped" not in loaded(start, FER2013)[1]


def test_a_recipe_takes_the_network_over_or_must_fit(start: Start) -> None:
    plain = tiny.config(widths=[32, 64, 128, 224], blocks=[2, 2, 2, 2], weights="w")
    taken = take_network(replace(plain, network_from_weights=True), start.config, "w")
    assert (taken.widths, taken.squeeze_excitation) == ((8, 8, 8, 8), True)
    assert not taken.network_from_weights
    with pytest.raises(ConfigError, match=r"sets widths = \[4, 4, 4, 4\] \(the weights: \[8, 8"):
        take_network(replace(plain, widths=(4, 4, 4, 4)), start.config, "w")
    with pytest.raises(ConfigError, match=r"widths = \[8.*; squeeze_excitation = True, the recipe"):
        check_network_fits(replace(plain, blocks=(1, 1, 1, 1)), start)


def test_foreign_files_and_pictures_are_no_start(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(ModelFileError, match="not a checkpoint of 'mien train', or damaged"):
        open_start(str(tmp_path / "a.pt"))
    with pytest.raises(ModelFileError, match="no checkpoint at"):
        open_start(str(tmp_path / "nothing"))
    train(tiny.config(architecture="majority", size_schedule=[]), tmp_path / "run")
    with pytest.raises(ModelFileError, match="majority, which remembers pictures"):
        open_start(str(tmp_path / "run"))
