from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mien
from mien.detectors.base import DetectorFacts
from mien.detectors.load import load_detector
from mien.detectors.turns import detect_turned, turn_back
from mien.media.images import read_image
from mien.preprocess.crop import face_crop, spec_framing
from mien.sinks import CropsSink
from mien.specs.classifier import ModelSpec
from mien.types import Box, Face
from tests.support import sample

FRAMED = ModelSpec("framed", ("any",), 1, margin=0.3, offset=(0.1, -0.2))


class Corner:
    """Finds the brightest pixel, if it is in the upper left quarter."""

    facts = DetectorFacts("corner", "the brightest pixel", landmarks=True)
    score_threshold = 0.0

    def detect(self, image: np.ndarray, score_threshold: float | None = None) -> list[Face]:
        y, x = np.unravel_index(image[..., 0].argmax(), image.shape[:2])
        if x >= image.shape[1] / 2 or y >= image.shape[0] / 2:
            return []
        box = Box(float(x), float(y), x + 1.0, y + 1.0)
        return [Face(box, 0.5, tuple((x + n / 8, y + n / 4) for n in range(5)))]


@pytest.mark.parametrize("place", [(3, 5), (3, 30), (20, 5), (20, 30)])
def test_boxes_are_those_of_the_picture_as_given(place: tuple[int, int]) -> None:
    image = np.zeros((24, 40, 3), np.uint8)
    image[place] = 255
    (face,) = detect_turned(Corner(), image)
    y, x = place
    assert face.box.to_list() == [x, y, x + 1, y + 1]
    assert (face.quarter_turns == 0) == (place == (3, 5))
    assert all(x <= px <= x + 1 and y <= py <= y + 1 for px, py in face.landmarks or ())


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_the_crop_is_that_of_the_upright_picture(turns: int) -> None:
    upright = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    face = Face(Box(20, 10, 50, 46))
    given = np.ascontiguousarray(np.rot90(upright, -turns))
    height, width = given.shape[:2]
    turned = turn_back(face, turns, width, height)
    assert turned.quarter_turns == turns
    for spec in (FRAMED, ModelSpec("plain", ("any",), 1)):
        assert np.array_equal(face_crop(given, turned, spec), face_crop(upright, face, spec))


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_portrait_on_its_side(turns: int, tmp_path: Path) -> None:
    upright = np.asarray(sample.photo("obama_smile.jpg"))
    given = np.ascontiguousarray(np.rot90(upright, -turns))
    recognizer = mien.Recognizer(try_rotations=True, threads=1)
    (expected,) = recognizer.image(upright)
    found = recognizer.image(given)
    (reading,) = found
    assert reading.face.quarter_turns == turns
    assert reading.to_dict()["quarter_turns"] == turns and "quarter_turns" not in expected.to_dict()
    assert reading.emotions.probs == pytest.approx(expected.emotions.probs, abs=1e-5)
    assert (found.width, found.height) == given.shape[1::-1]
    height, width = given.shape[:2]
    assert turn_back(expected.face, turns, width, height).box == reading.face.box
    with CropsSink(tmp_path, suffix=".png") as sink:
        sink.write(found, given)
    crop = np.asarray(Image.open(next(tmp_path.glob("*.png"))))
    assert len(load_detector("yunet").detect(np.pad(crop, ((40, 40), (40, 40), (0, 0))))) == 1


def test_an_upright_picture_stays_as_it_is() -> None:
    detector = load_detector("yunet", threads=1)
    image = read_image(sample.path_of("astronaut.jpg"))
    assert detect_turned(detector, image) == detector.detect(image)
    assert detect_turned(detector, np.zeros((40, 50, 3), np.uint8)) == []


def test_eyes_decide_where_crops_are_aligned() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    spec = ModelSpec("aligned", ("any",), 1, align=True)
    points = ((30.0, 20.0), (40.0, 20.0), (35.0, 25.0), (31.0, 30.0), (39.0, 30.0))
    face = Face(Box(25, 10, 45, 40), landmarks=points)
    given = np.ascontiguousarray(np.rot90(image, -1))
    turned = turn_back(face, 1, given.shape[1], given.shape[0])
    apart = face_crop(given, turned, spec).astype(int) - face_crop(image, face, spec)
    assert np.abs(apart).mean() < 2  # one of the two is interpolated
    assert spec_framing(spec)["align"]
