from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mien.detectors.base import (
    DetectorFacts,
    check_detector,
    check_faces,
    check_image,
    check_length,
    check_score,
)
from mien.detectors.whole import Whole
from mien.errors import ConfigError, InputError
from mien.types import Box, Face


def test_a_detector_passes() -> None:
    detector = Whole()
    assert check_detector(detector, "none") is detector


def test_what_is_missing_is_named() -> None:
    words = r"^detector 'x' lacks facts, score_threshold, detect: a detector has facts, score_thr"
    with pytest.raises(ConfigError, match=words):
        check_detector(object(), "x")


def test_a_detector_may_take_any_keyword() -> None:
    class Loose:
        facts = DetectorFacts("loose", "takes anything", landmarks=False)
        score_threshold = 0.0

        def detect(self, image: Any, **options: Any) -> list[Face]:
            return []

    assert check_detector(Loose(), "loose").facts.card == {}


def test_images() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    assert check_image(image) is image
    for bad in (image[..., 0], image.astype(float), image[:0], "x", None):
        with pytest.raises(InputError, match=r"\(H, W, 3\) uint8 RGB, got"):
            check_image(bad)


def test_faces() -> None:
    faces = [Face(Box(0, 0, 1, 1))]
    assert check_faces("x", faces, "a.jpg") is faces
    with pytest.raises(InputError, match=r"'x' returned a box or score that is not finite for a\."):
        check_faces("x", [*faces, Face(Box(0, 0, 1, 1), float("inf"))], "a.jpg")


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_scores(value: float) -> None:
    assert check_score("s", 0.5) == 0.5
    with pytest.raises(ConfigError, match="s must be from 0 to 1, got"):
        check_score("s", value)


@pytest.mark.parametrize("value", [3.9, float("inf"), float("nan")])
def test_lengths(value: float) -> None:
    assert check_length("s", 4, 4) == 4
    with pytest.raises(ConfigError, match="s must be 4 pixels or more, got"):
        check_length("s", value, 4)
