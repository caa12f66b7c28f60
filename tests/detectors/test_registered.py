"""The protocol, tested for every registered detector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mien import registry
from mien.detectors.base import Detector, DetectorFacts
from mien.detectors.load import load_detector
from mien.errors import InputError, MienError
from mien.samples import ASTRONAUT
from tests.support.detector_models import tiny_detector

NAMES = registry.detectors.names()


@pytest.fixture
def detector(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Detector:
    """The detector without options, or with the file that it needs."""
    facts: DetectorFacts = registry.detectors.get(name).facts
    if not facts.needs:
        return load_detector(name)
    if name == "faster_rcnn":
        tiny_detector(tmp_path / "tiny.onnx")
        return load_detector(name, options={"model": tmp_path / "tiny.onnx"})
    pytest.skip(f"{name} needs {facts.needs}")


@pytest.mark.parametrize("name", NAMES)
def test_facts_belong_to_the_class(name: str) -> None:
    facts = registry.detectors.get(name).facts
    assert isinstance(facts, DetectorFacts)
    assert facts.name == name
    assert facts.summary and "\n" not in facts.summary


@pytest.mark.parametrize("name", NAMES)
def test_it_works_without_options_or_says_what_it_needs(name: str) -> None:
    facts = registry.detectors.get(name).facts
    if not facts.needs:
        assert isinstance(load_detector(name), Detector)
        return
    with pytest.raises(MienError) as caught:
        load_detector(name)
    said = str(caught.value)
    assert repr(name) in said and "\n" not in said


@pytest.mark.parametrize("name", NAMES)
def test_faces_are_what_the_protocol_says(detector: Detector) -> None:
    image = np.asarray(Image.open(ASTRONAUT).convert("RGB"))
    before = image.copy()
    faces = detector.detect(image)
    assert np.array_equal(image, before)
    scores = [face.score for face in faces]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    for face in faces:
        assert face.box.x1 < face.box.x2 and face.box.y1 < face.box.y2
        values = [*face.box.to_list(), face.score, *np.ravel(face.landmarks or ())]
        assert np.isfinite(values).all()
        assert (face.landmarks is not None) == detector.facts.landmarks
        if face.landmarks:
            (lx, ly), (rx, ry), (_, ny), (mlx, mly), (mrx, mry) = face.landmarks
            assert lx < rx and mlx < mrx and max(ly, ry) < ny < min(mly, mry)


@pytest.mark.parametrize("name", NAMES)
def test_a_threshold_for_one_call(detector: Detector) -> None:
    image = np.asarray(Image.open(ASTRONAUT).convert("RGB"))
    own = detector.score_threshold
    usual = detector.detect(image)
    assert 0 <= own <= 1 and all(face.score >= own for face in usual)
    assert detector.detect(image, own) == usual
    most = detector.detect(image, 0.01)
    for threshold in (own, 0.3, 0.85):
        above = [face for face in most if face.score >= threshold]
        assert detector.detect(image, threshold) == above
    assert detector.detect(image) == usual and detector.score_threshold == own


@pytest.mark.parametrize("name", NAMES)
def test_a_view_of_a_picture_is_as_good_as_a_copy(detector: Detector) -> None:
    image = np.asarray(Image.open(ASTRONAUT).convert("RGB"))[::2, ::2]
    assert not image.flags.c_contiguous
    assert detector.detect(image) == detector.detect(image.copy())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "bad", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3)), np.zeros((0, 9, 3), np.uint8), "x"]
)
def test_other_arrays_are_refused(detector: Detector, bad: Any) -> None:
    with pytest.raises(InputError):
        detector.detect(bad)
