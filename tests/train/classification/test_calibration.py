from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.classifiers.probabilities import softmax
from mien.errors import ConfigError
from mien.specs.classifier import ModelSpec
from tests.support import tiny

torch = pytest.importorskip("torch")

from mien.train.classification.calibration import (  # noqa: E402
    CalibrationSplit,
    calibrated,
    calibration_split,
)

LABELS = tiny.Faces.facts.labels
SPEC = ModelSpec("tiny", LABELS, 44)
DIVIDED = {"splits": "random:50/50", "valid_split": "valid"}


def chosen(name: str | None, run: Path, data: Any = None, **keys: Any) -> CalibrationSplit:
    config = tiny.config(**keys)
    return calibration_split(data or tiny.Faces(128), name, config, SPEC, run)


def test_the_default_is_what_training_held_back(tmp_path: Path) -> None:
    found = chosen(None, tmp_path, **DIVIDED)
    assert (found.name, len(found.samples), found.notes) == ("valid", 64, ())
    assert found.part == "held back from training (random:50/50)"
    for keys in ({}, {**DIVIDED, "train_split": "valid", "valid_split": "train"}):
        with pytest.raises(ConfigError, match=r"held back no part.*splits=random:90/10.*--calib"):
            chosen(None, tmp_path, **keys)


def test_a_split_that_is_reported_is_warned_of(tmp_path: Path) -> None:
    for keys in ({}, DIVIDED):
        found = chosen("public", tmp_path, **keys)
        assert "'public', which training did not hold back" in found.notes[0]
        assert found.part == "not held back"
    three = {"splits": "random:50/25/25", "valid_split": "valid"}
    data = tiny.Faces(256)
    assert chosen(None, tmp_path, data, **three).notes == ()
    assert "'test', which training" in chosen("test", tmp_path, data, **three).notes[0]


def test_a_split_that_chose_the_epoch_or_was_measured_is_warned_of(tmp_path: Path) -> None:
    (note,) = chosen(None, tmp_path, patience=3, **DIVIDED).notes
    assert "'valid' also chose the epoch" in note
    (tmp_path / "predictions").mkdir()
    (tmp_path / "predictions/valid-tencrops.npz").write_bytes(b"")
    (note,) = chosen(None, tmp_path, **DIVIDED).notes
    assert "was measured on split 'valid' before" in note


def test_what_cannot_calibrate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="calibrate on another"):
        chosen("train", tmp_path)
    with pytest.raises(ConfigError, match="too few to calibrate on"):
        chosen("public", tmp_path, tiny.Faces(49))

    class Backwards(tiny.Faces):
        facts = replace(tiny.Faces.facts, labels=LABELS[::-1])

    with pytest.raises(ConfigError, match="same labels in the same order"):
        chosen("public", tmp_path, Backwards())


def test_cross_fitting_measures_each_half_with_the_others_temperature() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(0, 2, (400, 7)).astype(np.float32)
    labels = np.array([rng.choice(7, p=p / p.sum()) for p in softmax(truth).astype(float)])
    spec = calibrated(SPEC, 4 * truth, labels, "public")
    assert spec.temperature == pytest.approx(4, rel=0.3)  # logits four times too large
    # No other temperature has a lower loss; PyTorch's formula says so.
    logits, target = torch.from_numpy(4 * truth).double(), torch.from_numpy(labels)
    at, below, above = (
        float(torch.nn.functional.cross_entropy(logits / (spec.temperature * by), target))
        for by in (1, 0.99, 1.01)
    )
    assert at <= min(below, above)
    assert spec.scores["public_nll"] == pytest.approx(at, abs=1e-4)
    assert spec.scores["public_ece_crossfit"] < spec.scores["public_ece_uncalibrated"] / 2
