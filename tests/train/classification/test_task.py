from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.datasets.samples import Sample
from mien.errors import DatasetError, TrainingError
from tests.support import tiny
from tests.support.runs import equal, state, train

torch = pytest.importorskip("torch")

from mien.train.classification.classifier import load_classifier_run  # noqa: E402
from mien.train.classification.task import ClassifierTask  # noqa: E402
from mien.train.recipe import load_recipe  # noqa: E402


def test_too_little_data_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="20 pictures make no batch of 32"):
        train(tiny.config(), tmp_path / "a", data=tiny.Faces(count=20))
    with pytest.raises(DatasetError, match="no pictures"):
        train(tiny.config(), tmp_path / "b", data=tiny.Faces(count=0))
    assert not any(tmp_path.iterdir())  # what never began leaves no folder


def test_patience_keeps_the_best_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []
    real = ClassifierTask.validate

    def validate(self: Any, averaged: Any, epoch: int) -> dict[str, float]:
        kept.append({k: v.clone() for k, v in averaged.state_dict().items()})
        return {
            **real(self, averaged, epoch),
            "valid_nll": [2.0, 1.0, 1.1, 1.2, 0.5][len(kept) - 1],
        }

    monkeypatch.setattr(ClassifierTask, "validate", validate)
    config = tiny.config(epochs=5, patience=2)
    rows = train(config, tmp_path)
    assert len(rows) == 4  # two epochs without a lower loss
    net, _, stored = load_classifier_run(tmp_path)
    assert equal(dict(net.state_dict()), kept[1])
    assert not equal(dict(net.state_dict()), kept[3])
    assert stored["facts"]["selected_on"] == "public"
    assert train(config, tmp_path, resume=True) == rows  # a run that has stopped stays stopped


def test_valence_and_arousal_are_a_head_that_is_kept(tmp_path: Path) -> None:
    config = tiny.config(epochs=6, affect_weight=1.0, rotation=0.0, flip=False, limit=None)
    rows = train(config, tmp_path, data=tiny.Affect())
    assert rows[-1]["valid_valence_ccc"] > 0.5  # it can be seen
    assert abs(rows[-1]["valid_arousal_ccc"]) < 0.5  # it cannot
    net, *_ = load_classifier_run(tmp_path)
    assert net.affect is not None and net.auxiliary is None
    assert any(name.startswith("affect.") for name in state(tmp_path)["model"])


def test_frozen_epochs_train_only_the_head(tmp_path: Path) -> None:
    pytest.importorskip("timm")
    import torchvision

    torch.manual_seed(0)
    weights = torchvision.models.resnet18().state_dict()
    torch.save(weights, tmp_path / "resnet18.pth")
    keys = {
        "architecture": "timm", "backbone": "resnet18", "weights": str(tmp_path / "resnet18.pth"),
        "channels": 3, "freeze_epochs": 1, "epochs": 2, "limit": 96, "resize": 32, "input_size": 32,
    }  # fmt: skip
    seen = []
    train(
        tiny.config(**keys), tmp_path / "run", checkpoint_every=0,
        on_epoch=lambda _: seen.append(state(tmp_path / "run")["model"]),
    )  # fmt: skip
    frozen, free = seen
    assert torch.equal(frozen["backbone.conv1.weight"], weights["conv1.weight"])
    assert torch.equal(frozen["backbone.bn1.running_mean"], weights["bn1.running_mean"])
    assert not torch.equal(free["backbone.conv1.weight"], weights["conv1.weight"])
    assert not torch.equal(free["head.weight"], frozen["head.weight"])
    assert state(tmp_path / "run")["facts"]["weights_from"] == str(tmp_path / "resnet18.pth")


@pytest.mark.parametrize("name", ["knn", "majority"])
def test_networks_that_remember_are_runs_like_others(name: str, tmp_path: Path) -> None:
    config = load_recipe(name, values={"splits": "official", "valid_split": "public"})
    (row,) = train(config, tmp_path)
    assert row["valid_accuracy"] == pytest.approx(1.0 if name == "knn" else 19 / 128, abs=0.2)
    net, *_ = load_classifier_run(tmp_path)
    assert len(list(net.parameters())) == 0
    assert train(config, tmp_path, resume=True) == [row]


def test_a_class_without_a_picture_and_one_with_a_single_one(tmp_path: Path) -> None:
    class Rare(tiny.Faces):
        def samples(self, split: str) -> Iterator[Sample]:
            for row, sample in enumerate(super().samples(split)):
                if sample.label < 5 or (sample.label == 5 and row < 7):
                    yield sample

    for number, keys in enumerate(({"class_weights": True}, {"sampling": "balanced"})):
        config = tiny.config(limit=None, splits="random:90/10", valid_split="valid", **keys)
        rows = train(config, tmp_path / str(number), data=Rare())
        assert all(np.isfinite(row["valid_nll"]) for row in rows)
