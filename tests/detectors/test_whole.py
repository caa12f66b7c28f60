from __future__ import annotations

import numpy as np
import pytest

from mien.detectors.base import Detector
from mien.detectors.whole import Whole
from mien.errors import InputError
from mien.registry import detectors
from mien.types import Box, Face


def test_the_picture_is_the_face() -> None:
    faces = Whole().detect(np.zeros((48, 32, 3), np.uint8))
    assert faces == [Face(Box(0, 0, 32, 48), score=1.0, landmarks=None)]


def test_other_arrays_are_refused() -> None:
    with pytest.raises(InputError, match="uint8 RGB"):
        Whole().detect(np.zeros((48, 32), np.uint8))


def test_it_is_registered_with_its_facts() -> None:
    assert detectors.get("none") is Whole
    assert isinstance(Whole(), Detector)
    assert Whole.facts.name == "none" and not Whole.facts.landmarks
