from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from mien.train import checkpoint  # noqa: E402
from mien.train.classification.classifier import load_classifier_run  # noqa: E402


def test_a_checkpoint_of_the_first_versions_is_read(run: Path, tmp_path: Path) -> None:
    state = checkpoint.load(checkpoint.find(run))
    new = {"best", "watch", "scaler", "facts"}
    checkpoint.save({k: v for k, v in state.items() if k not in new}, tmp_path / "last.pt")
    net, *_ = load_classifier_run(tmp_path)
    assert checkpoint.weights_hash(net) == checkpoint.weights_hash(load_classifier_run(run)[0])


def test_a_loaded_network_is_the_averaged_one_without_its_second_head(run: Path) -> None:
    net, _, state = load_classifier_run(run)
    assert not net.training
    assert net.auxiliary is None and "auxiliary.weight" in state["ema"]
    weights = net.state_dict()
    assert all(torch.equal(weights[key], state["ema"][key]) for key in weights)
    assert any(not torch.equal(weights[key], state["model"][key]) for key in weights)
