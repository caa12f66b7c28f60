from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mien.errors import ConfigError, MienError
from tests.support import tiny
from tests.support.runs import equal, train

torch = pytest.importorskip("torch")

from mien.train import checkpoint  # noqa: E402


def test_a_student_follows_its_teacher(run: Path, tmp_path: Path) -> None:
    keys = {"flip": False, "rotation": 0.0, "scale": 0.0, "shift": 0.0, "erasing": 0.0}
    config = tiny.config(teacher=str(run), distill_weight=1.0, epochs=4, dropout=0.0, **keys)
    before = checkpoint.load(checkpoint.find(run))
    losses = [row["train_loss"] for row in train(config, tmp_path)]
    assert losses[-1] < losses[0]
    assert equal(checkpoint.load(checkpoint.find(run)), before)


def test_a_missing_teacher_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with pytest.raises(ConfigError, match="--teacher RUN"):
        train(tiny.config(needs_teacher=True), folder)
    with pytest.raises(MienError, match="no checkpoint at"):
        train(tiny.config(teacher=str(tmp_path)), folder)
    assert not folder.exists()


def test_a_teacher_of_other_labels_is_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = tiny.Faces.facts
    monkeypatch.setattr(tiny.Faces, "facts", replace(facts, labels=facts.labels[::-1]))
    with pytest.raises(ConfigError, match="same labels in the same order"):
        train(tiny.config(teacher=str(run)), tmp_path / "run")


def test_a_teacher_that_cannot_see_the_views_is_refused(tmp_path: Path) -> None:
    train(tiny.config(architecture="mlp", epochs=1, limit=32), tmp_path / "teacher")
    config = tiny.config(teacher=str(tmp_path / "teacher"), size_schedule=[[0.5, 32]])
    with pytest.raises(ConfigError, match=r"takes only 44×44 pixels, and the .* it 32×32: set"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("keys", [
    {"architecture": "mlp", "batch_size": 1},  # batch normalisation of a single picture
    {"architecture": "timm", "backbone": "vgg11", "resize": 16, "input_size": 16},
    {"architecture": "timm", "backbone": "vgg11", "size_schedule": [[0.5, 16]]},
])  # fmt: skip
def test_a_network_that_cannot_take_the_batches_is_refused(
    keys: dict[str, Any], tmp_path: Path
) -> None:
    if "backbone" in keys:
        pytest.importorskip("timm")
    with pytest.raises(ConfigError, match=r"cannot learn from batches of .* pixels") as caught:
        train(tiny.config(**keys), tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()
