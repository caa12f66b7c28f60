from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.detectors.base import Detector
from mien.detectors.load import load_detector
from mien.following import look_for
from mien.media.images import read_image
from mien.samples import ASTRONAUT
from mien.types import Box, Face

Image = NDArray[np.uint8]


@cache
def yunet() -> Detector:
    return load_detector("yunet", threads=1)


@cache
def portrait() -> Image:
    return read_image(ASTRONAUT)


@cache
def face() -> Face:
    (found,) = yunet().detect(portrait())
    return found


def shifted(face: Face, x: float, y: float) -> Face:
    box = face.box
    moved = Box(box.x1 + x, box.y1 + y, box.x2 + x, box.y2 + y)
    return replace(face, box=moved, landmarks=None, score=0.5, track_id=7)


@pytest.mark.parametrize("move", [(0, 0), (15, -10), (-20, 12)])
def test_a_face_is_found_where_a_search_of_the_whole_frame_finds_it(move: tuple[int, int]) -> None:
    (found,) = look_for([shifted(face(), *move)], portrait(), yunet()) or []
    assert found.box.iou(face().box) > 0.8
    assert found.landmarks and face().landmarks
    apart = np.abs(np.subtract(found.landmarks, face().landmarks))
    assert apart.max() < 0.05 * face().box.width
    assert found.score > 0.8 and found.track_id is None  # of this frame, not of the prediction


def test_a_lost_face_asks_for_a_whole_search() -> None:
    empty = np.full_like(portrait(), 128)
    assert look_for([face()], empty, yunet()) is None
    assert look_for([shifted(face(), 250, 200)], portrait(), yunet()) is None
    assert look_for([shifted(face(), 5000, 0)], portrait(), yunet()) is None  # outside
    assert look_for([], portrait(), yunet()) == []


def test_one_face_is_not_two_persons() -> None:
    both = [shifted(face(), 6, 0), shifted(face(), -6, 0)]
    assert look_for(both, portrait(), yunet()) is None


def test_many_looks_are_dearer_than_one_search() -> None:
    class Never:
        facts, score_threshold = yunet().facts, yunet().score_threshold

        def detect(self, image: Image, score_threshold: float | None = None) -> list[Face]:
            raise AssertionError("looked")

    at = [shifted(face(), 25 * n, 0) for n in range(12)]  # 13 · 1.25 · 128² is more than 512²
    assert look_for(at, portrait(), Never()) is None
    assert look_for(at[:1], np.ascontiguousarray(portrait()[::4, ::4]), Never()) is None
    with pytest.raises(AssertionError, match="looked"):
        look_for(at[:11], portrait(), Never())


def test_only_small_parts_are_looked_at() -> None:
    """What makes it cheap: the detector never gets more than a small square."""

    class Watched:
        facts, score_threshold = yunet().facts, yunet().score_threshold

        def detect(self, image: Image, score_threshold: float | None = None) -> list[Face]:
            assert max(image.shape[:2]) <= 128
            return yunet().detect(image, score_threshold)

    large = np.ascontiguousarray(np.kron(portrait(), np.ones((3, 3, 1), np.uint8)))
    box = face().box
    there = Face(Box(box.x1 * 3, box.y1 * 3, box.x2 * 3, box.y2 * 3), 1.0)
    (found,) = look_for([there], large, Watched()) or []
    assert found.box.iou(there.box) > 0.8


def test_many_persons_are_looked_for_in_one_picture() -> None:
    """Each is found in a square of its own, the one of another size and at the border too."""
    calls = []

    class Watched:
        facts, score_threshold = yunet().facts, yunet().score_threshold

        def detect(self, image: Image, score_threshold: float | None = None) -> list[Face]:
            calls.append(image.shape)
            return yunet().detect(image, score_threshold)

    small = np.ascontiguousarray(portrait()[::2, ::2])
    frame = np.full((1100, 1300, 3), 90, np.uint8)
    box, expected = face().box, []
    for x, y, picture in ((0, 0, portrait()), (600, 20, portrait()), (40, 560, small),
                          (1300 - 160, 700, small[:, :160]), (500, 560, portrait())):  # fmt: skip
        frame[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
        share = 1 if picture.shape[0] == 512 else 2
        expected.append(Face(Box(*(value / share + (y if n % 2 else x)
                                   for n, value in enumerate(box.to_list()))), 1.0))  # fmt: skip
    for detector in (yunet(), Watched()):
        found = look_for(expected, frame, detector)
        assert found is not None
        for one, there in zip(found, expected, strict=True):
            assert one.box.iou(there.box) > 0.75
    assert calls == [(256, 384, 3)]  # three by two squares of 128
    expected[2] = shifted(expected[2], 0, 150)
    assert look_for(expected, frame, yunet()) is None
