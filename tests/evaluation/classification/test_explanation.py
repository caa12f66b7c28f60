from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.classifiers.onnx import OnnxClassifier
from mien.evaluation.classification.explanation import from_network_input, occlusion
from mien.labels import FER2013
from mien.preprocess.network_input import resize_crops
from mien.specs.classifier import ModelSpec
from tests.support.models import tiny_classifier


class MouthWatcher:
    """Sure of itself by how bright one region is; looks at nothing else."""

    def __init__(self, side: int = 48) -> None:
        self.spec = ModelSpec("mouth", ("neutral", "happiness"), side)
        self.region = slice(round(0.7 * side), round(0.85 * side)), slice(side // 3, 2 * side // 3)

    def logits(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        bright = [crop[self.region].mean() / 32 for crop in crops]
        return np.array([[2.0, value] for value in bright], np.float32)

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        e = np.exp(self.logits(crops))
        return e / e.sum(axis=1, keepdims=True)


def picture(side: int, seed: int = 0) -> NDArray[np.uint8]:
    """Noise, and teeth where ``MouthWatcher`` looks."""
    image = np.random.default_rng(seed).integers(0, 100, (side, side), dtype=np.uint8)
    image[MouthWatcher(side).region] = 140
    return image


@pytest.mark.parametrize("side", [48, 112])
def test_the_map_peaks_where_the_answer_comes_from(side: int) -> None:
    model = MouthWatcher()
    found = occlusion(model, picture(side))
    assert found.shape == (side, side) and found.dtype == np.float32
    y, x = np.unravel_index(found.argmax(), found.shape)
    assert 0.68 <= y / side <= 0.87 and 0.31 <= x / side <= 0.69
    assert found.max() > 0.01
    assert np.allclose(found[: side // 2], 0, atol=1e-6)  # the upper half is never looked at


@pytest.mark.parametrize(("around", "sign"), [(90, 1), (10, -1)])
def test_covering_costs_or_helps(around: int, sign: int) -> None:
    """The region says neutral; the mean colour says happiness, or neutral still more surely."""
    model = MouthWatcher()
    image = np.full((48, 48), around, np.uint8)
    image[model.region] = 60
    assert model.classify([image])[0].argmax() == 0
    found = sign * occlusion(model, image)
    assert found.max() > 0.01 and found.min() > -1e-6


def test_one_square_is_the_difference_of_two_answers(tmp_path: Path) -> None:
    """The corner pixel is under one square only: its value is computed here by hand."""
    model = OnnxClassifier(tiny_classifier(tmp_path / "tiny.onnx").path)
    image = np.random.default_rng(3).integers(0, 256, (48, 48), dtype=np.uint8)
    covered = image.copy()
    covered[:8, :8] = round(float(image.mean()))
    before, after = model.classify([image])[0], model.classify([covered])[0]
    expected = before.max() - after[before.argmax()]
    assert occlusion(model, image)[0, 0] == pytest.approx(expected, abs=1e-6)


def test_colour_and_oblong_pictures(tmp_path: Path) -> None:
    model = OnnxClassifier(tiny_classifier(tmp_path / "tiny.onnx", channels=3).path)
    image = np.random.default_rng(3).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    assert occlusion(model, image).shape == (60, 90)


def test_what_the_network_does_not_see_is_zero() -> None:
    spec = ModelSpec("x", FER2013, 32, resize=48)
    laid = from_network_input(np.ones((4, 4), np.float32), spec, (48, 48))
    assert np.array_equal(laid > 0, np.pad(np.ones((32, 32), bool), 8))
    assert from_network_input(np.ones((4, 4), np.float32), spec, (96, 50)).shape == (96, 50)


@pytest.mark.parametrize("shape", [(48, 30), (30, 48), (49, 24), (96, 96)])
def test_a_map_lies_on_a_crop_that_is_not_square_as_the_network_saw_it(
    shape: tuple[int, int],
) -> None:
    spec = ModelSpec("any", ("neutral", "happiness"), 48)
    spot = np.zeros(shape, np.uint8)
    y, x = shape[0] // 3, shape[1] // 4
    spot[y - 2 : y + 3, x - 2 : x + 3] = 255
    seen = resize_crops([spot], spec)[0, ..., 0].astype(np.float32)  # what the network sees
    there = from_network_input(seen, spec, shape)
    assert there.shape == shape
    peak = np.unravel_index(there.argmax(), shape)
    assert np.abs(np.array(peak) - (y, x)).max() <= 3


def test_occlusion_of_a_crop_that_is_not_square() -> None:
    crop = np.full((60, 40), 200, np.uint8)
    found = occlusion(MouthWatcher(), crop)
    assert found.shape == (60, 40)
    assert np.isfinite(found).all()
