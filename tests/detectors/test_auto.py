from __future__ import annotations

import numpy as np
import pytest

import mien
from mien.detectors.auto import LARGEST, Auto
from mien.detectors.base import Detector
from mien.detectors.yunet.detector import YuNet
from mien.errors import InputError
from mien.types import Box, Face
from tests.support import sample


@pytest.fixture(scope="module")
def auto() -> Auto:
    return Auto(threads=1)


def test_a_photo_is_searched(auto: Auto) -> None:
    image = np.asarray(sample.photo("biden.jpg"))
    assert auto.detect(image) == YuNet(threads=1).detect(image) != []
    assert isinstance(auto, Detector)


@pytest.mark.parametrize(
    ("height", "width", "faces"),
    [(48, 48, 1), (LARGEST, LARGEST, 1), (48, 52, 1), (48, 60, 0), (60, 48, 0),
     (LARGEST + 1, LARGEST, 0), (LARGEST + 1, LARGEST + 1, 0)],
)  # fmt: skip
def test_a_small_square_picture_without_a_face_is_one(
    auto: Auto, height: int, width: int, faces: int
) -> None:
    found = auto.detect(np.full((height, width, 3), 90, np.uint8))
    whole = Face(Box(0, 0, width, height), auto.score_threshold, cropped=True)
    assert found == [whole] * faces


def test_it_is_classified_as_it_is() -> None:
    crop = np.asarray(sample.crop(0, 24))
    auto, none = (mien.analyze(crop, detector=name, threads=1) for name in ("auto", "none"))
    assert auto[0].face.cropped and auto[0].emotions == none[0].emotions


def test_other_arrays_are_refused(auto: Auto) -> None:
    with pytest.raises(InputError, match="uint8 RGB"):
        auto.detect(np.zeros((48, 48), np.uint8))
