from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from mien.detectors.load import load_detector
from mien.tracking.mouth import SPEAKING, MouthMotion
from mien.types import Box, Face
from tests.support import sample


@pytest.fixture(scope="module", params=sample.NAMES)
def portrait(request: pytest.FixtureRequest) -> tuple[np.ndarray, Face]:
    image = np.asarray(sample.photo(request.param))
    face = max(load_detector("yunet").detect(image), key=lambda face: face.box.area)
    return image, replace(face, track_id=1)


def talking(image: np.ndarray, face: Face, open_by: float) -> np.ndarray:
    """The mouth opened: a dark ellipse between the corners, ``open_by`` of its width high."""
    assert face.landmarks is not None
    left, right = np.array(face.landmarks[3:])
    wide = float(np.hypot(*(right - left)))
    out = image.copy()
    centre = tuple(np.round((left + right) / 2 + (0, wide * 0.1)).astype(int).tolist())
    size = max(1, round(wide * 0.35)), max(1, round(wide * open_by / 2))
    cv2.ellipse(out, centre, size, 0, 0, 360, (40, 15, 15), -1, cv2.LINE_AA)
    return out


def shifted(image: np.ndarray, face: Face, by: float) -> tuple[np.ndarray, Face]:
    move = np.array([[1, 0, by], [0, 1, by / 2]], np.float64)
    out = cv2.warpAffine(image, move, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    box, points = face.box, face.landmarks or ()
    place = Box(box.x1 + by, box.y1 + by / 2, box.x2 + by, box.y2 + by / 2)
    return out, replace(face, box=place, landmarks=tuple((x + by, y + by / 2) for x, y in points))


@pytest.mark.parametrize("rate", [10, 30])
def test_a_mouth_that_talks_moves_and_a_still_one_does_not(portrait, rate: int) -> None:  # type: ignore[no-untyped-def]
    image, face = portrait
    found = {}
    for name in ("still", "moving", "brighter", "talking"):
        motion, values = MouthMotion(), []
        for step in range(rate):
            t = step / rate
            frame, there = image, face
            if name == "talking":
                frame = talking(image, face, 0.3 + 0.3 * np.sin(2 * np.pi * 3 * t))
            elif name == "moving":
                frame, there = shifted(image, face, 15 * t)
            elif name == "brighter":
                frame = (image * (1 - 0.1 * t)).astype(np.uint8)
            values += motion.update(frame, [there], t).values()
        found[name] = values[-1]
    assert found["still"] == 0
    assert max(found["moving"], found["brighter"]) < SPEAKING / 2
    assert found["talking"] > SPEAKING


def test_it_takes_two_looks_a_moment_apart(portrait) -> None:  # type: ignore[no-untyped-def]
    image, face = portrait
    motion = MouthMotion()
    assert motion.update(image, [face], 0) == {}
    assert motion.update(image, [face], 0.03) == {}
    assert motion.update(image, [face], 0.12) == {1: 0}


def test_only_people_with_landmarks(portrait) -> None:  # type: ignore[no-untyped-def]
    image, face = portrait
    motion = MouthMotion()
    for step in range(3):
        faces = [replace(face, track_id=None), replace(face, track_id=2, landmarks=None)]
        assert motion.update(image, faces, step) == {}


def test_memory_stays_flat(portrait) -> None:  # type: ignore[no-untyped-def]
    image, face = portrait
    motion = MouthMotion()
    for number in range(30):
        motion.update(image, [replace(face, track_id=number)], number)
    assert len(motion._people) <= 3
